import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing

/// Patch embedding as a product of operands, its instruction a function over local memory.
@Suite("Patch embedding by warp groups, emulated", .requiresOpenCL, .serialized)
struct PatchEmbeddingWarpGroupTests {
    private static func backend(_ precision: Precision) throws -> OpenCLBackend {
        var options = OpenCLBackend.Options()
        (options.precision, options.narrowForm) = (precision, .wgmma)
        (options.emulatesMatrices, options.fillsWithNaN) = (true, true)
        return try OpenCLBackend(try #require(TestDevice.first), options: options)
    }

    /// Both kinds of pixels with sides that are and are no multiples of eight, with and without what surrounds the product.
    private static let cases: [any OperationCase] = {
        let names = [
            "patch embedding 2×3×5 patches of 4, width 48, 1 prefix tokens",
            "patch embedding 2×5×3 patches of 4, width 33, 5 prefix tokens, from bytes",
            "patch embedding 1×4×4 patches of 16, width 65, 2 prefix tokens",
            "patch embedding 3×2×2 patches of 14, width 17, 0 prefix tokens, from bytes",
            "patch embedding 1×3×3 patches of 8, width 96, 1 prefix tokens, from bytes",
            "patch embedding 2×1×7 patches of 5, width 16, 1 prefix tokens, no positions, from bytes",
        ]
        return OperationCases.all.filter { names.contains("\($0)") }
    }()

    @Test("it agrees with the definition", arguments: [Precision.float16, .bfloat16])
    func agreement(precision: Precision) throws {
        let backend = try Self.backend(precision)
        #expect(Self.cases.count == 6)
        for operationCase in Self.cases {
            let deviation = Deviation(
                try operationCase.run(on: backend), from: operationCase.run(on: ReferenceBackend()))
            #expect(
                deviation.normalized <= operationCase.tolerance(in: precision),
                "\(operationCase), \(precision): \(deviation)")
        }
    }

    @Test("its factors are rounded: one that would stay unnoticed in float32 shows")
    func rounding() throws {
        let exact = try #require(Self.cases.first)
        let deviation = Deviation(
            try exact.run(on: Self.backend(.bfloat16)), from: exact.run(on: ReferenceBackend()))
        #expect(deviation.normalized > exact.tolerance, "\(deviation)")
    }

    /// Two pictures of 2 × 2 patches of 4 × 4 ones, half of whose sum is 24; one pixel is another.
    private static func embedded(
        _ pixel: Float, weight: Float = 0.5, on backend: OpenCLBackend
    ) throws -> HostTensor {
        var pixels = HostTensor([2, 3, 8, 8], repeating: 1)
        // Picture 1, channel 2, row 5, column 2: the patch below the first, whose token stands behind one more.
        pixels.values[((1 * 3 + 2) * 8 + 5) * 8 + 2] = pixel
        let embedding = try backend.prepare(
            PatchEmbeddingParameters(
                patchSide: 4, weight: HostTensor([5, 48], repeating: weight), prefix: HostTensor([1, 5], repeating: 3)))
        return try backend.download(backend.embed(.normalized(backend.upload(pixels)), embedding))
    }

    @Test(
        "what is no number shows, and in its own token alone",
        arguments: [(Precision.bfloat16, Float.nan), (.bfloat16, .infinity), (.float16, .nan), (.float16, 70000)])
    func notANumber(precision: Precision, pixel: Float) throws {
        let y = try Self.embedded(pixel, on: Self.backend(precision))
        for (index, value) in y.values.enumerated() {
            let token = index / 5
            let isRight = token == 5 + 3 ? !value.isFinite : value == (token % 5 == 0 ? 3 : 24)
            #expect(isRight, "\(precision), \(index): \(value)")
        }
    }

    @Test("a weight beyond float16's range keeps the embedding in float32")
    func largeWeight() throws {
        let y = try Self.embedded(1, weight: 100_000, on: Self.backend(.float16))
        for (index, value) in y.values.enumerated() {
            #expect(value == (index / 5 % 5 == 0 ? 3 : 4_800_000), "\(index): \(value)")
        }
    }
}
