// query and key — each head normalized and rotated, shared keys and values repeated.
//                         Dehghani et al., arXiv:2302.05442; Su et al., arXiv:2104.09864; Ainslie et al., arXiv:2305.13245

extension ReferenceBackend {
    /// Returns the parameters themselves.
    public func prepare(_ parameters: QueryKeyParameters) -> QueryKeyParameters { parameters }

    /// `[B, T, (H + 2·K)·C]` to `[B, T, 3·H·C]`.
    public func queryKey(_ queryKeyValue: HostTensor, _ parameters: QueryKeyParameters) -> HostTensor {
        let (shape, width) = (queryKeyValue.shape, parameters.headWidth)
        let (heads, keyHeads) = (parameters.heads, parameters.keyHeads)
        precondition(
            shape.rank == 3 && shape[2] == (heads + 2 * keyHeads) * width,
            "query and key expect [B, T, \((heads + 2 * keyHeads) * width)], found \(shape)")
        let (batch, tokens) = (shape[0], shape[1])
        return HostTensor([batch, tokens, 3 * heads * width]) { y in
            parallel(batch * tokens) { row in
                withUnsafeTemporaryAllocation(of: Double.self, capacity: width) { scratch in
                    guard let head = scratch.baseAddress else { return }
                    for slot in 0..<3 * heads {
                        let (part, h) = (slot / heads, slot % heads)
                        let source = part == 0 ? h : heads + (part - 1) * keyHeads + h / (heads / keyHeads)
                        let first = row * shape[2] + source * width
                        for c in 0..<width { head[c] = Double(queryKeyValue.values[first + c]) }
                        if part < 2 {
                            parameters.transform(
                                head, isKey: part == 1, head: h, token: row % tokens, of: tokens)
                        }
                        for c in 0..<width { y.base[(row * 3 * heads + slot) * width + c] = Float(head[c]) }
                    }
                }
            }
        }
    }
}

extension QueryKeyParameters {
    /// Normalizes and rotates one head of one token in place.
    fileprivate func transform(
        _ values: UnsafeMutablePointer<Double>, isKey: Bool, head: Int, token: Int, of tokens: Int
    ) {
        if let norms { (isKey ? norms.key : norms.query).normalize(values) }
        guard let rotary, token >= tokens - rotary.tokenCount else { return }
        let row = (rotary.tableCount == 1 ? 0 : head) * rotary.tokenCount + token - (tokens - rotary.tokenCount)
        for pair in 0..<headWidth / 2 {
            let (a, b) = rotary.pairing == .neighbours ? (2 * pair, 2 * pair + 1) : (pair, pair + headWidth / 2)
            let (x, y) = (values[a], values[b])
            func at(_ table: HostTensor, _ c: Int) -> Double { Double(table.values[row * headWidth + c]) }
            values[a] = x * at(rotary.cosines, a) - y * at(rotary.sines, a)
            values[b] = y * at(rotary.cosines, b) + x * at(rotary.sines, b)
        }
    }
}
