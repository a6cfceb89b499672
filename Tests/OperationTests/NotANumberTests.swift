import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

@Suite("What is no number shows, and in its own row alone", .requiresOpenCL, .serialized)
struct NotANumberTests {
    private static func backend(_ way: Way) throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        options.variants = Dictionary(uniqueKeysWithValues: Operation.allCases.map { ($0, way.variant) })
        (options.fusesLayerNorm, options.tunedAs) = (way.fusesLayerNorm, way.tunedAs)
        return try OpenCLBackend(try #require(TestDevice.first), options: options)
    }

    /// Of two rows the second has NaN.
    private func activated<B: Backend>(_ activation: Activation, on backend: B) throws -> HostTensor {
        var x = HostTensor([2, 8], repeating: 1)
        x.values[8 + 5] = .nan
        let linear = try backend.prepare(LinearParameters(weight: HostTensor([5, 8], repeating: 0.5)))
        return try backend.download(
            backend.linear(backend.upload(x), linear, after: nil, then: activation, adding: nil))
    }

    /// Of two pictures of three tokens the second has a NaN in column 5 of a token that others follow.
    private func pooled<B: Backend>(_ pooling: Pooling, on backend: B) throws -> HostTensor {
        var tokens = HostTensor([2, 3, 8], (0..<48).map { Float($0) })
        tokens.values[24 + 8 + 5] = .nan
        return try backend.download(backend.pool(backend.upload(tokens), pooling, over: 0..<3))
    }

    private func expectNaN(_ y: HostTensor, _ comment: String, where isNaN: (Int) -> Bool) {
        for (index, value) in y.values.enumerated() {
            #expect(value.isNaN == isNaN(index), "\(comment), \(index): \(value)")
        }
    }

    @Test("behind every activation", arguments: Activation.allCases)
    func activations(activation: Activation) throws {
        expectNaN(try activated(activation, on: ReferenceBackend()), "reference") { $0 >= 5 }
        for way in Way.all(.linear, on: try #require(TestDevice.first)) {
            expectNaN(try activated(activation, on: Self.backend(way)), way.testDescription) { $0 >= 5 }
        }
    }

    @Test("behind every pooling", arguments: Pooling.allCases)
    func poolings(pooling: Pooling) throws {
        expectNaN(try pooled(pooling, on: ReferenceBackend()), "reference") { $0 == 13 }
        for way in Way.all(.pooling, on: try #require(TestDevice.first)) {
            expectNaN(try pooled(pooling, on: Self.backend(way)), way.testDescription) { $0 == 13 }
        }
    }
}
