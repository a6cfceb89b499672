/// Writes pickles opcode by opcode, and archives such as `torch.save` makes of them.
enum PickleBuilder {
    static let proto: [UInt8] = [0x80, 2]
    static let stop: [UInt8] = [UInt8(ascii: ".")]
    static let mark: [UInt8] = [UInt8(ascii: "(")]
    static let reduce: [UInt8] = [UInt8(ascii: "R")]
    static let tuple: [UInt8] = [UInt8(ascii: "t")]

    static func global(_ module: String, _ name: String) -> [UInt8] {
        [UInt8(ascii: "c")] + Array("\(module)\n\(name)\n".utf8)
    }

    static func text(_ text: String) -> [UInt8] {
        [UInt8(ascii: "X")] + littleEndian([UInt32(text.utf8.count)]) + Array(text.utf8)
    }

    static func integer(_ value: Int32) -> [UInt8] { [UInt8(ascii: "J")] + littleEndian([value]) }

    static func integers(_ values: [Int32]) -> [UInt8] { mark + values.flatMap(integer) + tuple }

    /// A tensor, its storage in the way of `torch.save`.
    static func tensor(
        key: String = "0", type: String = "FloatStorage", count: Int32, offset: Int32 = 0, shape: [Int32],
        strides: [Int32]
    ) -> [UInt8] {
        var bytes = global("torch._utils", "_rebuild_tensor_v2") + mark
        bytes += mark + text("storage") + global("torch", type) + text(key) + text("cpu") + integer(count) + tuple
        bytes += [UInt8(ascii: "Q")] + integer(offset) + integers(shape) + integers(strides) + [0x89]
        bytes += global("collections", "OrderedDict") + [UInt8(ascii: ")")] + reduce
        return bytes + tuple + reduce
    }

    /// A dictionary.
    static func dictionary(_ items: [(key: String, value: [UInt8])]) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "}")] + mark
        for item in items { bytes += text(item.key) + item.value }
        return bytes + [UInt8(ascii: "u")]
    }

    /// An archive with a pickle and storages.
    static func archive(_ pickle: [UInt8], storages: KeyValuePairs<String, [UInt8]> = ["0": four]) -> ZipBuilder {
        ZipBuilder(
            [.init("x/data.pkl", proto + pickle + stop), .init("x/byteorder", Array("little".utf8))]
                + storages.map { .init("x/data/" + $0.key, $0.value) })
    }

    /// Four float32 values: 1, 2, 3, 4.
    static let four = littleEndian([1, 2, 3, 4] as [Float])

    /// An archive with one tensor named `w`.
    static func archive(
        key: String = "0", type: String = "FloatStorage", count: Int32 = 4, offset: Int32 = 0, shape: [Int32] = [4],
        strides: [Int32] = [1]
    ) -> ZipBuilder {
        let tensor = tensor(key: key, type: type, count: count, offset: offset, shape: shape, strides: strides)
        return archive(dictionary([("w", tensor)]))
    }
}
