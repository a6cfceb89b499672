import Operations
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite("The reference gives what can be worked out by hand")
struct ReferenceTests {
    let b = ReferenceBackend()

    /// The worked example of the field's tutorials; the 1.0, 3.0, 1.5 that circulates is a slip of arithmetic.
    @Test("self-attention of three tokens, unscaled")
    func tutorialAttention() {
        let query: [[Float]] = [[1, 0, 2], [2, 2, 2], [2, 1, 3]]
        let key: [[Float]] = [[0, 1, 1], [4, 4, 0], [2, 3, 1]]
        let value: [[Float]] = [[1, 2, 3], [2, 8, 0], [2, 6, 3]]
        let rows = (0..<3).flatMap { query[$0] + key[$0] + value[$0] }
        let y = b.attention(HostTensor([1, 3, 9], rows), heads: 1, scale: 1)
        // Scores are whole numbers: softmax of (2, 4, 4), (4, 16, 12), (4, 12, 10).
        for (row, scores) in [[2.0, 4, 4], [4, 16, 12], [4, 12, 10]].enumerated() {
            let weights = scores.map { exp($0) }
            for c in 0..<3 {
                let sum = (0..<3).reduce(0.0) { $0 + weights[$1] * Double(value[$1][c]) }
                let expected = sum / weights.reduce(0, +)
                #expect(abs(Double(y.values[row * 3 + c]) - expected) < 1e-6)
            }
        }
        for (found, expected) in zip(y.values, [1.9366, 6.6831, 1.5951] as [Float]) {
            #expect(abs(found - expected) < 5e-5)
        }
    }

    @Test("heads are apart: each attends within its own columns")
    func heads() {
        // Two heads of one column; the second has keys of 0 and so takes the mean of its values.
        // A row is query, key and value, a number for each head.
        let rows: [Float] = [1, 1, 100, 0, 1, 10, 1, 1, -100, 0, 2, 30]
        let y = b.attention(HostTensor([1, 2, 6], rows), heads: 2, scale: 1)
        #expect(y.values == [1, 20, 1, 20])
    }

    @Test("layer norm of 1, 2, 3, 4, wherever their mean is", arguments: [0, 5000] as [Float])
    func layerNorm(mean: Float) {
        let norm = LayerNormParameters(scale: [1, 1, 1, 2], shift: [0, 0, 0, 1], epsilon: 0)
        let x = HostTensor([1, 4], [1, 2, 3, 4].map { $0 + mean })
        let unit = Float(1.25).squareRoot()
        let expected: [Float] = [-1.5 / unit, -0.5 / unit, 0.5 / unit, 1 + 2 * 1.5 / unit]
        for (found, value) in zip(b.layerNorm(x, norm).values, expected) { #expect(abs(found - value) < 1e-6) }
    }

    @Test("linear: bias, norm before, activation, layer scale and residual after")
    func linear() {
        let layer = b.prepare(
            LinearParameters(weight: HostTensor([2, 3], [1, 2, 3, 4, 5, 6]), bias: [10, 20], layerScale: [1, 0.5]))
        let x = HostTensor([1, 3], [1, 0, -1])
        #expect(b.linear(x, layer).values == [8, 9])
        #expect(b.linear(x, layer, adding: HostTensor([1, 2], [100, 200])).values == [108, 209])
        let norm = LayerNormParameters(scale: [0, 0, 0], shift: [1, 1, 1], epsilon: 1e-6)
        #expect(b.linear(x, layer, after: norm).values == [16, 17.5])
        let negative = b.prepare(LinearParameters(weight: HostTensor([1, 3], [-1, 0, 0])))
        #expect(b.linear(x, negative, then: .relu).values == [0])
    }

    /// Values of scipy.special and of the definitions, in float64.
    @Test(
        "activations at ±1 and far out",
        arguments: [
            (Activation.gelu, 0.8413447460685429, -0.15865525393145707),
            (.geluTanh, 0.8411919906082768, -0.15880800939172324),
            (.geluQuick, 0.8457957659328212, -0.15420423406717882), (.silu, 0.7310585786300049, -0.2689414213699951),
            (.relu, 1, 0), (.identity, 1, -1),
        ])
    func activation(_ activation: Activation, atOne: Double, atMinusOne: Double) {
        let layer = b.prepare(LinearParameters(weight: HostTensor([1, 1], [1])))
        let y = b.linear(HostTensor([4, 1], [1, -1, 60, -60]), layer, then: activation).values
        #expect(abs(Double(y[0]) - atOne) < 1e-7 && abs(Double(y[1]) - atMinusOne) < 1e-7)
        #expect(y[2] == 60)
        #expect(abs(y[3]) < 1e-20 || activation == .identity)
    }

    @Test("softmax of equal, shifted and huge scores")
    func softmax() {
        #expect(b.softmax(HostTensor([1, 4], repeating: 7)).values == [0.25, 0.25, 0.25, 0.25])
        #expect(b.softmax(HostTensor([1, 2], [1000, -1000])).values == [1, 0])
    }

    @Test("pooling over a range of tokens")
    func pooling() {
        let x = HostTensor([1, 3, 2], [100, 100, 1, -4, 3, 2])
        #expect(b.pool(x, .average, over: 1..<3).values == [2, -1])
        #expect(b.pool(x, .maximum, over: 1..<3).values == [3, 2])
        #expect(b.pool(x, .averageAndMaximum, over: 1..<3).values == [2.5, 0.5])
        #expect(b.pool(x, .average, over: 0..<1).values == [100, 100])
    }

    @Test("patch embedding gathers channel, row, column; positions skip the prefix")
    func patchEmbedding() {
        // One output: the red value at the top left plus ten times the blue one at the bottom right of each patch.
        var weight = [Float](repeating: 0, count: 12)
        (weight[0], weight[11]) = (1, 10)
        let embedding = b.prepare(
            PatchEmbeddingParameters(
                patchSide: 2, weight: HostTensor([1, 12], weight), bias: [0.5], prefix: HostTensor([1, 1], [-7]),
                positions: HostTensor([2, 1], [1000, 2000])))
        let picture = HostTensor([1, 3, 2, 4], (0..<24).map(Float.init))
        // Patch 0: red 0, blue 16 + 5; patch 1: red 2, blue 16 + 7.
        #expect(b.embed(.normalized(picture), embedding).values == [-7, 1210.5, 2232.5])
    }

    @Test("bytes are normalized as the definition says")
    func bytes() {
        var weight = [Float](repeating: 0, count: 3)
        weight[1] = 1
        let embedding = b.prepare(
            PatchEmbeddingParameters(patchSide: 1, weight: HostTensor([1, 3], weight), prefix: HostTensor([0, 1], [])))
        let pixels = b.upload(PixelBatch(count: 1, height: 1, width: 1, bytes: [1, 255, 2]))
        let normalization = Normalization(mean: SIMD3(0, 0.5, 0), deviation: SIMD3(1, 0.25, 1))
        #expect(b.embed(.rgb(pixels, normalization), embedding).values == [2])
    }
}
