import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

@Suite("Weights stored as half", .requiresOpenCL, .serialized)
struct HalfWeightTests {
    private func backend(tunedAs kind: Device.Kind) throws -> OpenCLBackend {
        let device = try #require(TestDevice.first)
        var options = OpenCLBackend.Options()
        (options.variants, options.storesWeightsAsHalf) = ([.linear: .tiled], true)
        (options.fillsWithNaN, options.tunedAs, options.fusesLayerNorm) = (true, kind, true)
        let backend = try OpenCLBackend(device, options: options)
        try #require(backend.variant(of: .linear) == .tiled)
        return backend
    }

    @Test("linear agrees within float32's tolerance with the reference on rounded weights", arguments: [true, false])
    func agreement(asGPU: Bool) throws {
        let backend = try backend(tunedAs: asGPU ? .gpu : .cpu)
        var roundedCount = 0
        for linear in LinearCase.all {
            let actual = try linear.run(on: backend)
            let deviation = Deviation(actual, from: linear.run(on: HalfWeightReference()))
            #expect(deviation.normalized <= linear.tolerance, "\(linear): \(deviation)")
            let unrounded = Deviation(actual, from: linear.run(on: ReferenceBackend()))
            if unrounded.normalized > linear.tolerance { roundedCount += 1 }
        }
        // Half has 11 bits: what it keeps of the weights shows in nearly every case.
        #expect(roundedCount > LinearCase.all.count / 2, "\(roundedCount) cases tell half from float32")
    }

    @Test("a layer whose weights are beyond half's range stays float32")
    func range() throws {
        func run<B: Backend>(on backend: B) throws -> HostTensor {
            let weight = HostTensor([2, 3], [70_000, 0.1, -3, 2, 1e-9, 0.3])
            let parameters = LinearParameters(weight: weight, bias: [1, 2])
            let x = try backend.upload(HostTensor([1, 3], [1, 2, 3]))
            return try backend.download(backend.linear(x, backend.prepare(parameters)))
        }
        let deviation = Deviation(try run(on: backend(tunedAs: .gpu)), from: try run(on: ReferenceBackend()))
        #expect(deviation.normalized <= 1e-6, "\(deviation)")
    }
}
