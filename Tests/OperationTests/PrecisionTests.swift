import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

@Suite("Linear layers below float32", .requiresOpenCL, .serialized)
struct PrecisionTests {
    private static func backend(_ product: NarrowProduct?, _ precision: Precision) throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        (options.precision, options.narrowForm) = (precision, product?.form)
        options.fillsWithNaN = true
        return try OpenCLBackend(try #require(TestDevice.first), options: options)
    }

    @Test(
        "every form agrees with the definition, and int8 in every bit with the portable form",
        arguments: [
            Precision.float16, .bfloat16, .int8,
        ])
    func agreement(precision: Precision) throws {
        let device = try #require(TestDevice.first)
        let forms = NarrowForm.candidates(for: precision, on: device)
        #expect(forms.last == .portable)
        let backends = try forms.map { try Self.backend(NarrowProduct(precision, $0), precision) }
        for linearCase in OperationCases.all where linearCase.operation == .linear {
            let expected = linearCase.run(on: ReferenceBackend())
            let results = try backends.map { try linearCase.run(on: $0) }
            for (form, result) in zip(forms, results) {
                let deviation = Deviation(result, from: expected)
                #expect(
                    deviation.normalized <= linearCase.tolerance(in: precision), "\(linearCase), \(form): \(deviation)")
                if precision == .int8 {
                    #expect(
                        result.values.map(\.bitPattern) == results.last?.values.map(\.bitPattern),
                        "\(linearCase), \(form): bits differ from the portable form's")
                }
            }
        }
    }

    @Test("the probe finds a form of the device, in the precision asked for")
    func probe() throws {
        let device = try #require(TestDevice.first)
        for precision in [Precision.float16, .bfloat16, .int8] {
            let backend = try Self.backend(nil, precision)
            let form = try #require(backend.narrowProduct?.form)
            #expect(NarrowForm.candidates(for: precision, on: device).contains(form))
            #expect(backend.narrowProduct?.precision == precision)
        }
        #expect(try Self.backend(nil, .float32).narrowProduct == nil)
    }

    @Test(
        "what is no number shows, in its own row alone", arguments: [Precision.float16, .bfloat16, .int8],
        [Float.nan, .infinity, -.infinity])
    func notANumber(precision: Precision, value: Float) throws {
        let backend = try Self.backend(nil, precision)
        var x = HostTensor([3, 21], repeating: 1)
        x.values[21 + 18] = value
        let linear = try backend.prepare(LinearParameters(weight: HostTensor([5, 21], repeating: 0.5)))
        let y = try backend.download(backend.linear(backend.upload(x), linear))
        for (index, element) in y.values.enumerated() {
            #expect(index / 5 == 1 ? !element.isFinite : abs(element - 10.5) < 0.1, "\(index): \(element)")
        }
    }

    @Test("int8's steps are a 255th of what a row spans, wherever that lies")
    func rowsFarFromZero() throws {
        let starts: [Float] = [1000, -1000, 0, -0.5, 7]
        let x = HostTensor([5, 21], (0..<105).map { starts[$0 / 21] + ($0 < 84 ? Float($0 % 21) / 20 : 0) })
        var unit = HostTensor([21, 21], repeating: 0)
        for k in 0..<21 { unit.values[k * 22] = 1 }
        for form in NarrowForm.candidates(for: .int8, on: try #require(TestDevice.first)) {
            let backend = try Self.backend(NarrowProduct(.int8, form), .int8)
            let linear = try backend.prepare(LinearParameters(weight: unit))
            let y = try backend.download(backend.linear(backend.upload(x), linear))
            for (index, value) in y.values.enumerated() {
                #expect(abs(value - x.values[index]) <= 0.5 / 255 + 2e-4, "\(form), \(index): \(value)")
            }
        }
    }

    @Test(
        "int8 weights that are all zero leave the bias; those that are not all finite show, in their own column alone")
    func degenerateWeights() throws {
        var weight = HostTensor([5, 21], repeating: 0.5)
        for k in 0..<21 { weight.values[k] = 0 }
        (weight.values[41], weight.values[45], weight.values[63]) = (.nan, .infinity, -.infinity)
        for form in NarrowForm.candidates(for: .int8, on: try #require(TestDevice.first)) {
            let backend = try Self.backend(NarrowProduct(.int8, form), .int8)
            let linear = try backend.prepare(LinearParameters(weight: weight, bias: [1, 1, 1, 1, 1]))
            let y = try backend.download(backend.linear(backend.upload(HostTensor([2, 21], repeating: 1)), linear))
            for (index, value) in y.values.enumerated() {
                switch index % 5 {
                case 0: #expect(value == 1, "\(form)")
                case 4: #expect(abs(value - 11.5) < 1e-4, "\(form): \(value)")
                default: #expect(value.isNaN, "\(form), \(index): \(value)")
                }
            }
        }
    }

    @Test("a row beyond float16's range is no number, and its neighbours are what they were")
    func overflow() throws {
        let backend = try Self.backend(nil, .float16)
        var x = HostTensor([3, 21], repeating: 1)
        x.values[21 + 18] = 70000
        let linear = try backend.prepare(LinearParameters(weight: HostTensor([5, 21], repeating: 0.5)))
        let y = try backend.download(backend.linear(backend.upload(x), linear))
        for (index, element) in y.values.enumerated() {
            #expect(index / 5 == 1 ? !element.isFinite : element == 10.5, "\(index): \(element)")
        }
    }

    @Test("a weight beyond float16's range keeps its layer in float32")
    func largeWeight() throws {
        let (backend, exact) = (try Self.backend(nil, .float16), try Self.backend(nil, .float32))
        let weight = HostTensor([3, 8], (0..<24).map { Float($0) * 4000 })
        let x = HostTensor([2, 8], (0..<16).map { Float($0) / 3 })
        let results = try [backend, exact].map { backend in
            try backend.download(
                backend.linear(backend.upload(x), backend.prepare(LinearParameters(weight: weight))))
        }
        #expect(results[0] == results[1])
    }

    @Test("a layer that stays float32 does")
    func head() throws {
        let (backend, exact) = (try Self.backend(nil, .int8), try Self.backend(nil, .float32))
        let weight = HostTensor([3, 8], (0..<24).map { Float($0) / 7 })
        let x = HostTensor([2, 8], (0..<16).map { Float($0) / 3 })
        let results = try [backend, exact].map { backend in
            let linear = try backend.prepare(LinearParameters(weight: weight, staysFloat32: true))
            return try backend.download(backend.linear(backend.upload(x), linear))
        }
        #expect(results[0] == results[1])
    }
}
