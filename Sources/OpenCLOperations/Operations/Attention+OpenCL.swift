package import OpenCLRuntime
import Operations

extension OpenCLBackend {
    package func attention(
        _ queryKeyValue: DeviceTensor, heads: Int, scale: Float
    ) throws(OpenCLError) -> DeviceTensor {
        let shape = queryKeyValue.shape
        precondition(
            shape.rank == 3 && shape[2] % (3 * heads) == 0, "attention expects [B, T, 3·\(heads)·C], found \(shape)")
        let (batch, tokens, width) = (shape[0], shape[1], shape[2] / 3)
        let y = try DeviceTensor([batch, tokens, width], from: pool)
        let arguments: [Argument] = [.buffer(queryKeyValue.buffer), .buffer(y.buffer), .int(tokens), .float(scale)]
        let problem = ["HEADS": heads, "HEAD_WIDTH": width / heads]
        let flop = 4 * batch * tokens * tokens * width
        switch variant(of: .attention) {
        case .simd:
            let device = profile.device
            let tuning = profile.attentionSIMD.fitting(headWidth: width / heads, localMemory: device.localMemory)
            let tiles = (tokens + tuning.queries - 1) / tuning.queries
            let tilesPerItem = tuning.tilesPerItem(tokens: tokens, heads: batch * heads, units: device.computeUnits)
            try launch(
                .attention, tuning.defines.merging(problem) { _, problem in problem },
                arguments + [.int(tilesPerItem)], flop: flop,
                global: [(tiles + tilesPerItem - 1) / tilesPerItem, heads, batch], local: [1, 1, 1])
        case .tiled:
            let tuning = profile.attentionTiled.fitting(
                headWidth: width / heads, localMemory: profile.device.localMemory)
            guard let tuning else { fallthrough }
            let groups = (tokens + tuning.queries - 1) / tuning.queries
            try launch(
                .attention, tuning.defines.merging(problem) { _, problem in problem }, arguments, flop: flop,
                global: [groups * tuning.groupColumns, heads * tuning.groupRows, batch],
                local: [tuning.groupColumns, tuning.groupRows, 1])
        case .portable:
            let tuning = profile.attention.fitting(headWidth: width / heads)
            let queries = (tokens + tuning.group - 1) / tuning.group * tuning.group
            try launch(
                .attention, as: .portable, tuning.defines.merging(problem) { _, problem in problem }, arguments,
                flop: flop, global: [queries, heads, batch], local: [tuning.group, 1, 1])
        case .plain:
            try launch(.attention, problem, arguments, flop: flop, global: [tokens, heads, batch], local: nil)
        }
        return y
    }
}
