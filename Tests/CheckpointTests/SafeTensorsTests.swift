import Checkpoints
import Operations
import Testing

@Suite("Safetensors")
struct SafeTensorsTests {
    @Test("Tensors are read in the order of the header")
    func reading() throws {
        let bytes = SafeTensorsBuilder.file([
            ("b", [2, 3], [1, 2, 3, 4, 5, 6]), ("a", [], [7]), ("none", [0, 5], []),
        ])
        let checkpoint = try SafeTensors(bytes: bytes, name: "memory")
        #expect(checkpoint.names == ["b", "a", "none"])
        #expect(try checkpoint.read("b") == HostTensor([2, 3], [1, 2, 3, 4, 5, 6]))
        #expect(try checkpoint.read("a") == HostTensor([], [7]))
        #expect(try checkpoint.read("none") == HostTensor([0, 5], []))
        #expect(checkpoint.layout(of: "b") == TensorLayout(.float32, [2, 3]))
        #expect(checkpoint.shape(of: "c") == nil)
        #expect(!checkpoint.contains("c"))
        expectFailure(.modelMissing) { try checkpoint.read("c") }
    }

    @Test("Disk, array and static region give the same")
    func sources() throws {
        let folder = try TemporaryFolder()
        let bytes = SafeTensorsBuilder.file([("t", [70_000], (0..<70_000).map { Float($0) })])
        let expected = try SafeTensors(bytes: bytes, name: "memory").read("t")
        #expect(try SafeTensors(contentsOf: try folder.write(bytes, to: "f")).read("t") == expected)
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 16)
        defer { copy.deallocate() }
        // At an odd address, as an embedded file may be.
        UnsafeMutableRawBufferPointer(rebasing: copy[1...]).copyBytes(from: bytes)
        let region = StaticRegion(UnsafeRawBufferPointer(rebasing: copy[1...]))
        #expect(try SafeTensors(.region(region, name: "region")).read("t") == expected)
    }

    @Test("Metadata, padding, foreign fields and empty tensors are accepted")
    func lenient() throws {
        let header =
            #"{"__metadata__":{"format":"pt","k":""},"z":{"extra":{"x":[1]},"data_offsets":[0,0],"shape":[0],"dtype":"F32"},"#
            + #""y":{"data_offsets":[0,0],"shape":[3,0,2],"dtype":"I64"},"a":{"shape":[1],"dtype":"F32","data_offsets":[0,4]}}   "#
        let checkpoint = try SafeTensors(
            bytes: SafeTensorsBuilder.file(header: header, data: littleEndian([Float(3)])), name: "memory")
        #expect(checkpoint.metadata == ["format": "pt", "k": ""])
        #expect(checkpoint.names == ["z", "y", "a"])
        #expect(try checkpoint.read("a").values == [3])
        #expect(try SafeTensors(bytes: SafeTensorsBuilder.file(header: "{}"), name: "none").names.isEmpty)
    }

    @Test("Names of any script and length up to 4 KiB")
    func names() throws {
        let long = String(repeating: "é", count: 2048)
        let checkpoint = try SafeTensors(
            bytes: SafeTensorsBuilder.file([(long, [1], [1]), ("重み", [1], [2]), ("", [1], [3])]), name: "memory")
        #expect(try checkpoint.read(long).values == [1])
        #expect(try checkpoint.read("重み").values == [2])
        #expect(try checkpoint.read("").values == [3])
    }

    @Test("Integer tensors are listed and not converted", arguments: ScalarType.allCases.filter { !$0.isFloatingPoint })
    func integers(type: ScalarType) throws {
        let bytes = SafeTensorsBuilder.file([
            ("ids", type.rawValue, [3], [UInt8](repeating: 1, count: 3 * type.byteCount))
        ])
        let checkpoint = try SafeTensors(bytes: bytes, name: "memory")
        #expect(checkpoint.layout(of: "ids") == TensorLayout(type, [3]))
        expectFailure(.safeTensorsScalarType) { try checkpoint.read("ids") }
    }

    @Test("Every half-precision value is converted exactly")
    func halves() throws {
        let all = (0...UInt16.max).map { $0 }
        let bytes = SafeTensorsBuilder.file([
            ("half", "F16", [256, 256], littleEndian(all)), ("brain", "BF16", [65536], littleEndian(all)),
        ])
        let checkpoint = try SafeTensors(bytes: bytes, name: "memory")
        let half = try checkpoint.read("half", allowingNonFinite: true)
        let brain = try checkpoint.read("brain", allowingNonFinite: true)
        for (index, bits) in all.enumerated() {
            let expected = Self.half(bits)
            #expect(
                half.values[index].bitPattern == expected.bitPattern || (half.values[index].isNaN && expected.isNaN))
            #expect(brain.values[index].bitPattern == UInt32(bits) << 16)
        }
    }

    /// IEEE 754 binary16 by its definition.
    private static func half(_ bits: UInt16) -> Float {
        let sign: Float = bits >> 15 == 0 ? 1 : -1
        let exponent = Int(bits >> 10 & 0x1F)
        let fraction = Float(bits & 0x3FF)
        switch exponent {
        case 0: return sign * fraction * Float(sign: .plus, exponent: -24, significand: 1)
        case 31: return fraction == 0 ? sign * .infinity : .nan
        default: return sign * (1 + fraction / 1024) * Float(sign: .plus, exponent: exponent - 15, significand: 1)
        }
    }

    @Test("Doubles are rounded, and beyond Float they count as infinite")
    func doubles() throws {
        let values: [Double] = [0.1, -1e-300, 1e39, 16_777_217]
        let bytes = SafeTensorsBuilder.file([("d", "F64", [4], littleEndian(values.map(\.bitPattern)))])
        let checkpoint = try SafeTensors(bytes: bytes, name: "memory")
        #expect(try checkpoint.read("d", allowingNonFinite: true).values == [0.1, 0, .infinity, 16_777_216])
        expectFailure(.modelNonFinite) { try checkpoint.read("d") }
    }

    @Test("NaN and infinity are refused with tensor, index and count", arguments: [0, 99, 65_535, 65_536, 150_000])
    func nonFinite(first: Int) throws {
        var values = [Float](repeating: 1, count: 200_000)
        values[first] = .nan
        values[first + 5] = -.infinity
        values[199_999] = .infinity
        let checkpoint = try SafeTensors(bytes: SafeTensorsBuilder.file([("w", [200_000], values)]), name: "m")
        let error = expectFailure(.modelNonFinite) { try checkpoint.read("w") }
        #expect(error?.tensor == "w")
        #expect(error?.found == "nan at index \(first) and 3 in all, of 200000")
        let (tensor, count) = try checkpoint.readCounting("w")
        #expect(count == NonFiniteCount(count: 3, firstIndex: first))
        #expect(tensor.values.count == 200_000 && tensor.values[first].isNaN)
    }

    @Test("Random damage to a sound file never crashes, and what is accepted can be read")
    func corruption() throws {
        let sound = SafeTensorsBuilder.file([
            ("blocks.0.weight", "F32", [2, 3], littleEndian([1, 2, 3, 4, 5, 6] as [Float])),
            ("blocks.0.bias", "F16", [3], littleEndian([0x3C00, 0x4000, 0x4200] as [UInt16])),
            ("ids", "I64", [1], littleEndian([7] as [Int64])),
        ])
        var generator = SeededGenerator(seed: 3)
        var accepted = 0
        for round in 0..<6000 {
            var file = sound
            switch round % 4 {
            case 0: file.removeLast(Int.random(in: 1...file.count, using: &generator))
            case 1: file.append(contentsOf: (0..<Int.random(in: 1...9, using: &generator)).map { UInt8($0) })
            default:
                for _ in 0...(round % 3) {
                    let position = Int.random(in: 0..<file.count, using: &generator)
                    let bit: UInt8 = 1 << Int.random(in: 0...7, using: &generator)
                    let printable = UInt8.random(in: 0x20...0x7E, using: &generator)
                    file[position] = round % 4 == 2 ? file[position] ^ bit : printable
                }
            }
            guard let checkpoint = try? SafeTensors(bytes: file, name: "damaged") else { continue }
            accepted += 1
            for name in checkpoint.names {
                let layout = try #require(checkpoint.layout(of: name))
                guard layout.scalarType.isFloatingPoint else { continue }
                #expect(try checkpoint.read(name, allowingNonFinite: true).shape == layout.shape)
            }
        }
        #expect(accepted > 100)
    }

    @Test("Every prefix of a sound file is refused")
    func prefixes() {
        let sound = SafeTensorsBuilder.file([("a", [2], [1, 2]), ("b", [1], [3])])
        for length in 0..<sound.count {
            #expect(throws: CheckpointError.self) {
                try SafeTensors(bytes: Array(sound.prefix(length)), name: "prefix")
            }
        }
    }
}
