package import OpenCLRuntime
package import Operations

/// What is done to query and key, in device memory.
package struct OpenCLQueryKey {
    let heads: Int
    let keyHeads: Int
    let headWidth: Int
    let epsilon: Float
    /// Scale and shift of the query, then of the key.
    let norms: Buffer?
    let isRootMeanSquare: Bool
    /// Cosines, then sines.
    let angles: Buffer?
    let rotary: (pairing: RotaryEmbedding.Pairing, tableCount: Int, tokenCount: Int)?

    fileprivate var defines: [String: Int] {
        let kind = rotary.map { $0.pairing == .neighbours ? 1 : 2 } ?? 0
        return [
            "HEADS": heads, "KEY_HEADS": keyHeads, "HEAD_WIDTH": headWidth, "NORM": norms == nil ? 0 : 1,
            "ROOT_MEAN_SQUARE": isRootMeanSquare ? 1 : 0, "ROTARY": kind, "TABLES": rotary?.tableCount ?? 1,
        ]
    }

    /// The widest vector, up to a number of floats, that the kernel can work in; nil for none.
    fileprivate func vector(upTo most: Int) -> Int? {
        let least = rotary?.pairing == .neighbours ? 2 : 1
        let multiple = rotary?.pairing == .halves ? headWidth / 2 : headWidth
        var vector = most
        while vector >= least, multiple % vector != 0 { vector /= 2 }
        return vector >= least ? vector : nil
    }
}

extension OpenCLBackend {
    package func prepare(_ parameters: QueryKeyParameters) throws(OpenCLError) -> OpenCLQueryKey {
        let (norms, rotary) = (parameters.norms, parameters.rotary)
        return OpenCLQueryKey(
            heads: parameters.heads, keyHeads: parameters.keyHeads, headWidth: parameters.headWidth,
            epsilon: norms?.query.epsilon ?? 0,
            norms: try norms.map { (norms) throws(OpenCLError) in
                try store(norms.query.scale + norms.query.shift + norms.key.scale + norms.key.shift)
            }, isRootMeanSquare: norms?.query.isRootMeanSquare ?? false,
            angles: try rotary.map { (rotary) throws(OpenCLError) in
                try store(rotary.cosines.values + rotary.sines.values)
            }, rotary: rotary.map { ($0.pairing, $0.tableCount, $0.tokenCount) })
    }

    package func queryKey(
        _ queryKeyValue: DeviceTensor, _ parameters: OpenCLQueryKey
    ) throws(OpenCLError) -> DeviceTensor {
        let queryKeyValue = try widened(queryKeyValue)
        let (shape, heads, width) = (queryKeyValue.shape, parameters.heads, parameters.headWidth)
        let inputs = (heads + 2 * parameters.keyHeads) * width
        precondition(shape.rank == 3 && shape[2] == inputs, "query and key expect [B, T, \(inputs)], found \(shape)")
        let (batch, tokens) = (shape[0], shape[1])
        let y = try DeviceTensor([batch, tokens, 3 * heads * width], from: pool)
        let arguments: [Argument] = [
            .buffer(queryKeyValue.buffer), parameters.norms.map { .buffer($0) } ?? .unused,
            parameters.angles.map { .buffer($0) } ?? .unused, .buffer(y.buffer), .int(tokens),
            .int(tokens - (parameters.rotary?.tokenCount ?? 0)), .float(parameters.epsilon),
        ]
        let flop = 20 * batch * tokens * heads * width
        let global = [3 * heads, tokens, batch] as NDRange
        if variant(of: .queryKey) != .plain, let vector = parameters.vector(upTo: profile.rows.vector) {
            let defines = parameters.defines.merging(["VECTOR": vector]) { $1 }
            try launch(.queryKey, as: .portable, defines, arguments, flop: flop, global: global, local: nil)
        } else {
            try launch(.queryKey, as: .plain, parameters.defines, arguments, flop: flop, global: global, local: nil)
        }
        return y
    }
}
