package import OpenCLRuntime
package import Operations

/// A patch embedding in device memory, packed for the variant that runs it.
package struct OpenCLPatchEmbedding {
    let parameters: PatchEmbeddingShape
    /// Of a patch's values to a token; narrow where warp groups multiply.
    let projection: OpenCLLinear
    let prefix: Buffer?
    let positions: Buffer?
}

/// What a patch embedding fixes about its kernel.
struct PatchEmbeddingShape {
    let patchSide: Int
    let width: Int
    let prefixCount: Int
    /// Patches that there are positions for; nil where there are none.
    let positionCount: Int?
}

extension OpenCLBackend {
    package func prepare(_ parameters: PatchEmbeddingParameters) throws(OpenCLError) -> OpenCLPatchEmbedding {
        let projection: OpenCLLinear
        if let (product, instruction) = patchProduct(of: parameters) {
            projection = try prepareMatrix(
                LinearParameters(weight: parameters.weight, bias: parameters.bias), product, instruction)
        } else {
            let (weight, bias) = try storePacked(
                parameters.weight, bias: parameters.bias, scale: nil, for: .patchEmbedding)
            projection = OpenCLLinear(
                inputWidth: parameters.weight.shape[1], outputWidth: parameters.width, weight: weight, bias: bias,
                hasLayerScale: false)
        }
        var prefix: Buffer?
        if parameters.prefixCount > 0 { prefix = try store(parameters.prefix.values) }
        var positions: Buffer?
        if let table = parameters.positions { positions = try store(table.values) }
        return OpenCLPatchEmbedding(
            parameters: PatchEmbeddingShape(
                patchSide: parameters.patchSide, width: parameters.width, prefixCount: parameters.prefixCount,
                positionCount: parameters.positions?.shape[0]),
            projection: projection, prefix: prefix, positions: positions)
    }

    package func embed(
        _ pixels: Pixels<DeviceTensor>, _ embedding: OpenCLPatchEmbedding
    ) throws(OpenCLError) -> DeviceTensor {
        let fixed = embedding.parameters
        let (source, grid) = (pixels.tensor, pixels.grid(side: fixed.patchSide))
        precondition(
            fixed.positionCount.map { $0 == grid.count } ?? true,
            "\(grid.rows)×\(grid.columns) patches, but \(fixed.positionCount ?? 0) positions")
        let tokens = fixed.prefixCount + grid.count
        let y = try DeviceTensor([grid.batch, tokens, fixed.width], from: pool)
        if let product = embedding.projection.narrow?.product {
            try embedWarpGroups(pixels, grid, embedding, product, into: y)
            return y
        }
        let projection = embedding.projection
        let normalization = pixels.normalization
        let arguments: [Argument] = [
            .buffer(source.buffer), .buffer(projection.weight), .buffer(projection.bias),
            embedding.positions.map { .buffer($0) } ?? .unused, embedding.prefix.map { .buffer($0) } ?? .unused,
            .buffer(y.buffer), .int(grid.batch), .int(grid.rows), .int(grid.columns),
            .float4(normalization.map { SIMD4($0.scale, 0) } ?? .zero),
            .float4(normalization.map { SIMD4($0.shift, 0) } ?? .zero),
        ]
        let defines = [
            "SIDE": fixed.patchSide, "WIDTH": fixed.width, "PREFIX": fixed.prefixCount,
            "POSITIONS": embedding.positions == nil ? 0 : 1, "BYTES": normalization == nil ? 0 : 1,
        ]
        let flop = 6 * grid.batch * grid.count * fixed.patchSide * fixed.patchSide * fixed.width
        switch variant(of: .patchEmbedding) {
        case .simd:
            let tuning = profile.linear.fittingPatches(of: fixed.patchSide, localMemory: profile.device.localMemory)
            let rowTiles = (grid.batch * tokens + tuning.rows - 1) / tuning.rows
            let panels = (fixed.width + tuning.itemColumns - 1) / tuning.itemColumns
            // One gathering for all panels, unless there are too few rows to keep the compute units busy.
            let parts = min(panels, max(1, 8 * profile.device.computeUnits / rowTiles))
            let panelsPerItem = (panels + parts - 1) / parts
            let tile = ["ROWS": tuning.rows, "VECTOR": tuning.vector, "VECTORS": tuning.vectors]
            try launch(
                .patchEmbedding, defines.merging(tile) { problem, _ in problem }, arguments + [.int(panelsPerItem)],
                flop: flop, global: [rowTiles, (panels + panelsPerItem - 1) / panelsPerItem], local: [1, 1])
        case .portable, .tiled:
            try launchTiled(
                .patchEmbedding, defines, arguments, flop: flop, rows: grid.batch * tokens, columns: fixed.width)
        case .plain:
            try launch(
                .patchEmbedding, defines, arguments, flop: flop, global: [fixed.width, tokens, grid.batch],
                local: nil)
        }
        return y
    }
}

extension Pixels<DeviceTensor> {
    /// Where they lie.
    var tensor: DeviceTensor {
        switch self {
        case .normalized(let tensor), .rgb(let tensor, _): tensor
        }
    }

    /// What is done to bytes; nil for floats.
    var normalization: Normalization? {
        if case .rgb(_, let normalization) = self { normalization } else { nil }
    }

    fileprivate func grid(side: Int) -> PatchGrid {
        let shape = tensor.shape
        return switch self {
        case .normalized: PatchGrid(batch: shape[0], height: shape[2], width: shape[3], side: side)
        case .rgb: PatchGrid(batch: shape[0], height: shape[1], width: shape[2], side: side)
        }
    }
}
