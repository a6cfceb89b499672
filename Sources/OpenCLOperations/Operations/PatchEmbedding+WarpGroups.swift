import OpenCLRuntime
import Operations

/// Patch embedding by warp groups: the host side of `patch_operands.cl`, whose rows `linear_wgmma.cl` multiplies.
extension OpenCLBackend {
    /// The product by which patches are embedded; nil where that is in float32.
    ///
    /// Other matrix instructions would gain little: they are on devices whose float32 is less far behind.
    func patchProduct(
        of parameters: PatchEmbeddingParameters
    ) -> (product: NarrowProduct, instruction: MatrixInstruction)? {
        guard let product = narrowProduct, let instruction = product.form.instruction, instruction == .wgmma,
            product.precision != .float16 || Self.fitsHalf(parameters.weight, scale: nil)
        else { return nil }
        return (product, instruction)
    }

    /// Gathers the patches as operands, writes the tokens before them to `y`, and the product behind those.
    func embedWarpGroups(
        _ pixels: Pixels<DeviceTensor>, _ grid: PatchGrid, _ embedding: OpenCLPatchEmbedding, _ product: NarrowProduct,
        into y: DeviceTensor
    ) throws(OpenCLError) {
        let (fixed, projection, normalization) = (embedding.parameters, embedding.projection, pixels.normalization)
        let (rows, side, inputs) = (grid.batch * grid.count, fixed.patchSide, projection.inputWidth)
        let patches = try DeviceTensor([rows, inputs], .swizzled, from: pool)
        // An item makes eight neighbours of all three channels where the patch has as many in a row.
        let tiles = side % 8 == 0 ? side * side / 64 : (inputs + 63) / 64
        let group = 128
        try launch(
            .patchEmbedding, kernel: "patch_operands",
            [
                "SIDE": side, "WIDTH": fixed.width, "PREFIX": fixed.prefixCount,
                "BYTES": normalization == nil ? 0 : 1,
            ].merging(product.operandDefines) { $1 },
            [
                .buffer(pixels.tensor.buffer), embedding.prefix.map { .buffer($0) } ?? .unused,
                .buffer(patches.buffer), .buffer(y.buffer), .int(grid.batch), .int(grid.rows), .int(grid.columns),
                .float4(normalization.map { SIMD4($0.scale, 0) } ?? .zero),
                .float4(normalization.map { SIMD4($0.shift, 0) } ?? .zero),
            ], flop: 0, bytes: pixels.tensor.byteCount + patches.byteCount,
            global: [
                (8 * rows + group - 1) / group * group, tiles + (fixed.prefixCount > 0 ? 1 : 0),
            ], local: [group, 1])
        try launchWarpGroups(
            patches, projection, product, activation: .identity, residual: embedding.positions, into: y, rows: rows,
            patches: (grid.count, fixed.prefixCount))
    }
}
