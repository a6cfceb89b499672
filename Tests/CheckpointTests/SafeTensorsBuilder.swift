/// Writes safetensors files, sound ones and every kind of unsound one.
enum SafeTensorsBuilder {
    /// A file from header text as it stands and data bytes.
    static func file(header: String, data: [UInt8] = []) -> [UInt8] { file(header: Array(header.utf8), data: data) }

    /// A file from header bytes as they stand and data bytes.
    static func file(header: [UInt8], data: [UInt8] = []) -> [UInt8] {
        littleEndian([UInt64(header.count)]) + header + data
    }

    /// A sound file.
    static func file(_ tensors: [(name: String, type: String, shape: [Int], bytes: [UInt8])]) -> [UInt8] {
        var offset = 0
        var fields: [String] = []
        for tensor in tensors {
            fields.append(entry(tensor.name, tensor.type, tensor.shape, offset..<(offset + tensor.bytes.count)))
            offset += tensor.bytes.count
        }
        return file(header: "{" + fields.joined(separator: ",") + "}", data: tensors.flatMap(\.bytes))
    }

    /// A sound file of float32 tensors.
    static func file(_ tensors: [(name: String, shape: [Int], values: [Float])]) -> [UInt8] {
        file(tensors.map { ($0.name, "F32", $0.shape, littleEndian($0.values)) })
    }

    /// The description of one tensor.
    static func entry(_ name: String, _ type: String, _ shape: [Int], _ range: Range<Int>) -> String {
        #""\#(name)":{"dtype":"\#(type)","shape":\#(shape),"data_offsets":[\#(range.lowerBound),\#(range.upperBound)]}"#
    }
}
