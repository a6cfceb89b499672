import OpenCLRuntime
import Operations
import Testing

@testable import OpenCLOperations

@Suite("Packed weights", .requiresOpenCL)
struct PackingTests {
    private func weight(packedInPlace: Bool, outputs: Int, inputs: Int, as precision: Precision = .float32) throws
        -> [UInt32]
    {
        var options = OpenCLBackend.Options()
        (options.packsInPlace, options.precision) = (packedInPlace, precision)
        let backend = try OpenCLBackend(try #require(TestDevice.first), options: options)
        let values = (0..<outputs * inputs).map { Float($0 + 1) }
        let linear = try backend.prepare(LinearParameters(weight: HostTensor([outputs, inputs], values)))
        return try backend.queue.read(count: linear.weight.byteCount / 4, from: linear.weight)
    }

    @Test(
        "are the same bytes, written where they lie or copied a few panels at a time",
        arguments: [(outputs: 1001, inputs: 1100), (64, 48), (7, 5)])
    func sameBytes(outputs: Int, inputs: Int) throws {
        let mapped = try weight(packedInPlace: true, outputs: outputs, inputs: inputs)
        #expect(try weight(packedInPlace: false, outputs: outputs, inputs: inputs) == mapped)
        for precision in [Precision.float16, .bfloat16, .int8] {
            let narrow = try [true, false].map {
                try weight(packedInPlace: $0, outputs: outputs, inputs: inputs, as: precision)
            }
            #expect(narrow[0] == narrow[1], "\(precision)")
        }
        // Every weight once, and zeros to whole panels.
        let found = mapped.filter { $0 != 0 }.map { Int(Float(bitPattern: $0)) }
        #expect(found.count == outputs * inputs && Set(found) == Set(1...outputs * inputs))
    }
}
