import Checkpoints
import Fovea
import Imaging
import OpenCLOperations
import Operations
import Testing
import VisionModels

/// Maps of attention against the weights that timm's own attention has, in float64.
@Suite("Attention maps", .serialized)
struct AttentionTests {
    private static let goldens = PackageRoot.path + "/Tests/Fixtures/Goldens/"
    private static let devices = ["cpu", "auto"]

    private func session(_ name: String, on device: String) throws -> any InferenceSession {
        let folder = Self.goldens + name
        var overrides = ModelOverrides()
        let shape = try NumPyArray(contentsOf: folder + "/input.npy").shape
        overrides.inputSize = InputSize(height: shape[2], width: shape[3])
        return try ModelFiles(folder).open(overrides).session(on: ComputeDevice(try #require(DeviceRequest(device))))
    }

    private func array(_ name: String, _ kind: String) throws -> HostTensor {
        try NumPyArray(contentsOf: "\(Self.goldens)\(name)/\(kind).npy").tensor()
    }

    private func e(_ found: HostTensor, _ expected: HostTensor) -> Double {
        guard found.shape == expected.shape else { return .infinity }
        let squares = expected.values.reduce(0.0) { $0 + Double($1) * Double($1) }
        let worst = zip(found.values, expected.values).map { abs(Double($0) - Double($1)) }.max() ?? .infinity
        return worst / (squares / Double(expected.values.count)).squareRoot()
    }

    @Test(
        "are those of timm: class token, registers, bias, rotation, attentions side by side, shared keys",
        arguments: [
            "timm-vit", "timm-dinov2-reg4", "timm-beit", "timm-eva02-post-norm", "timm-18x2", "timm-sapiens2",
            "timm-siglip-map",
        ], devices)
    func agreement(name: String, device: String) throws {
        let session = try session(name, on: device)
        let (input, expected) = (ModelInput.tensor(try array(name, "input")), try array(name, "attention"))
        let blocks = Array(1..<session.configuration.depth + 1)
        let all = try session.run(input, .attention(AttentionChoice(.blocks(blocks))))
        #expect(e(all, expected) <= 2e-5)

        // One layer has no axis for layers; its mean is that of its heads.
        let (batch, heads, tokens) = (expected.shape[1], expected.shape[2], expected.shape[4])
        let mean = try session.run(input, .attention(AttentionChoice(.blocks([2]), heads: .mean)))
        let square = tokens * tokens
        var means = [Float](repeating: 0, count: batch * square)
        for index in means.indices {
            let (picture, place) = (index / square, index % square)
            for head in 0..<heads {
                means[index] += expected.values[((batch + picture) * heads + head) * square + place] / Float(heads)
            }
        }
        #expect(e(mean, HostTensor([batch, 1, tokens, tokens], means)) <= 2e-5)

        // Some heads in another order, and fewer queries: the same bits.
        let last = heads - 1
        let some = try session.run(
            input, .attention(AttentionChoice(.blocks([2, 1]), heads: .some([last, 0]), queries: 2)))
        #expect(some.shape == [2, batch, 2, 2, tokens])
        for (row, layer) in [1, 0].enumerated() {
            for picture in 0..<batch {
                for (column, head) in [last, 0].enumerated() {
                    let found = ((row * batch + picture) * 2 + column) * 2 * tokens
                    let same = ((layer * batch + picture) * heads + head) * square
                    #expect(some.values[found..<found + 2 * tokens].elementsEqual(all.values[same..<same + 2 * tokens]))
                }
            }
        }
    }

    @Test("of the pooling are those of timm, and what a picture shows by default", arguments: devices)
    func pooling(device: String) throws {
        let name = "timm-siglip-map"
        let session = try session(name, on: device)
        let (pixels, expected) = (try array(name, "input"), try array(name, "attention-pool"))
        #expect(e(try session.run(.tensor(pixels), .attention(AttentionChoice(.pool))), expected) <= 2e-5)
        let first = HostTensor(
            [1, 3, pixels.shape[2], pixels.shape[3]], Array(pixels.values.prefix(pixels.values.count / 2)))
        var view = AttentionView()
        view.heads = .all
        let maps = try session.attentionMaps(.tensor(first), view)
        #expect(maps.count == 1)
        let values = maps[0].flatMap(\.values)
        #expect(
            e(
                HostTensor([values.count], values),
                HostTensor([values.count], Array(expected.values.prefix(values.count)))) <= 2e-5)
    }

    @Test("by default is the mean over all tokens that the classifier reads, and the embedding has their widths")
    func severalClassTokens() throws {
        let name = "hf-radio"
        let session = try session(name, on: "cpu")
        let configuration = session.configuration
        guard case .tokens(let tokens) = configuration.readout else {
            Issue.record("\(name) reads \(configuration.readout)")
            return
        }
        #expect(tokens.count > 1)
        let (pixels, embedding) = (try array(name, "input"), try array(name, "embedding"))
        #expect(configuration.embeddingWidth == embedding.shape.width)
        #expect(try session.run(.tensor(pixels), .embedding).shape == embedding.shape)

        let count = pixels.values.count / pixels.shape[0]
        let first = ModelInput.tensor(
            HostTensor([1, 3, pixels.shape[2], pixels.shape[3]], Array(pixels.values.prefix(count))))
        let maps = try session.attentionMaps(first, AttentionView())
        #expect(maps.count == 1 && maps[0].count == 1)
        let weights = try session.run(
            first, .attention(AttentionChoice(.blocks([configuration.depth]), heads: .mean)))
        let expected = (configuration.prefixCount..<configuration.tokenCount).map { key in
            tokens.reduce(Float(0)) { $0 + weights.values[$1 * configuration.tokenCount + key] } / Float(tokens.count)
        }
        let found = maps[0][0].values
        #expect(e(HostTensor([found.count], found), HostTensor([expected.count], expected)) <= 1e-6)
    }

    private static func identity(_ count: Int) -> [[Double]] {
        (0..<count).map { row in (0..<count).map { row == $0 ? 1 : 0 } }
    }

    private static func product(_ a: [[Double]], _ b: [[Double]]) -> [[Double]] {
        a.map { row in
            var sums = [Double](repeating: 0, count: b[0].count)
            for (factor, line) in zip(row, b) {
                for (column, value) in line.enumerated() { sums[column] += factor * value }
            }
            return sums
        }
    }

    @Test("rollout is the product of (A + I)/2 over all blocks", arguments: ["timm-vit", "timm-dinov2-reg4"], devices)
    func rollout(name: String, device: String) throws {
        let session = try session(name, on: device)
        let (pixels, attention) = (try array(name, "input"), try array(name, "attention"))
        let (depth, heads, tokens) = (attention.shape[0], attention.shape[2], attention.shape[4])
        // The whole product, from the first block up, of the first picture.
        var product = Self.identity(tokens)
        for layer in 0..<depth {
            let first = layer * attention.shape[1] * heads * tokens * tokens
            var step = Self.identity(tokens).map { $0.map { $0 / 2 } }
            for head in 0..<heads {
                for query in 0..<tokens {
                    for key in 0..<tokens {
                        let weight = attention.values[first + (head * tokens + query) * tokens + key]
                        step[query][key] += Double(weight) / Double(2 * heads)
                    }
                }
            }
            product = Self.product(step, product)
        }
        var view = AttentionView()
        view.isRollout = true
        let first = HostTensor(
            [1, 3, pixels.shape[2], pixels.shape[3]], Array(pixels.values.prefix(pixels.values.count / 2)))
        let found = try session.attentionMaps(.tensor(first), view)[0][0].values
        let prefix = session.configuration.prefixCount
        let expected = product[0][prefix...].map(Float.init)
        #expect(e(HostTensor([found.count], found), HostTensor([expected.count], expected)) <= 2e-5)

        // From the last patch on.
        let grid = session.configuration.grid
        view.query = .patch(row: grid.rows - 1, column: grid.columns - 1)
        let corner = try session.attentionMaps(.tensor(first), view)[0][0].values
        let last = product[tokens - 1][prefix...].map(Float.init)
        #expect(e(HostTensor([corner.count], corner), HostTensor([last.count], last)) <= 2e-5)
    }

    @Test("rollout has the same bits where the maps of all blocks do not fit memory at once")
    func rolloutInParts() throws {
        let pixels = try array("timm-vit", "input")
        let first = ModelInput.tensor(
            HostTensor([1, 3, pixels.shape[2], pixels.shape[3]], Array(pixels.values.prefix(pixels.values.count / 2))))
        var view = AttentionView()
        view.isRollout = true
        let whole = SpoilingSession(try session("timm-vit", on: "cpu")) { _, _ in }
        let expected = try whole.attentionMaps(first, view)
        #expect(whole.outputs.count == 1)
        let (depth, tokens) = (whole.configuration.depth, whole.configuration.tokenCount)
        // Room for one map, and for a little less than two.
        for limit in [1, 2 * 4 * tokens * tokens - 1] {
            view.mapByteLimit = limit
            let parts = SpoilingSession(try session("timm-vit", on: "cpu")) { _, _ in }
            #expect(try parts.attentionMaps(first, view)[0][0].values == expected[0][0].values)
            #expect(parts.outputs.count == depth)
        }
    }

    @Test("that a model lacks are refused with what there is")
    func refusals() throws {
        let session = try session("timm-vit", on: "cpu")
        let input = ModelInput.tensor(try array("timm-vit", "input"))
        let wrong: [(AttentionChoice, String)] = [
            (AttentionChoice(.blocks([0])), "layers 1 to 2"), (AttentionChoice(.blocks([1, 3])), "layers 1 to 2"),
            (AttentionChoice(.blocks([1]), heads: .some([3])), "heads 0 to 2"),
            (AttentionChoice(.pool), "does not pool its tokens by attention"),
        ]
        for (choice, words) in wrong {
            let error = #expect(throws: FoveaError.self) { try session.run(input, .attention(choice)) }
            #expect(error?.category == .usage && error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        let differential = try self.session("timm-differential", on: "cpu")
        let error = #expect(throws: FoveaError.self) {
            try differential.run(
                .tensor(try array("timm-differential", "input")), .attention(AttentionChoice(.blocks([1]))))
        }
        #expect(error?.code == "NO_MAP")
    }

    @Test("that hold NaN are an error, never a picture")
    func nonFinite() throws {
        let session = SpoilingSession(try session("timm-vit", on: "cpu")) { result, _ in
            result.values[result.values.count - 1] = .nan
        }
        let pixels = try array("timm-vit", "input")
        let first = HostTensor([1, 3, 64, 64], Array(pixels.values.prefix(pixels.values.count / 2)))
        for isRollout in [false, true] {
            var view = AttentionView()
            view.isRollout = isRollout
            let error = #expect(throws: FoveaError.self) { try session.attentionMaps(.tensor(first), view) }
            #expect(error?.code == "MODEL_NONFINITE_OUTPUT")
        }
        let map = HeatMap(rows: 1, columns: 2, values: [.nan, 1])
        #expect(map.laid(over: Picture(size: PixelSize(width: 2, height: 1), bytes: [0, 0, 0, 9, 9, 9])).width == 2)
    }

    @Test("pooled is the embedding before its projection", arguments: devices)
    func pooled(device: String) throws {
        let name = "hf-clip-vision"
        let session = try session(name, on: device)
        let input = ModelInput.tensor(try array(name, "input"))
        let pooled = try session.run(input, .pooled)
        let weights = try ModelFiles(Self.goldens + name).open().checkpoint
        let projection = try weights.readCounting("visual_projection.weight").tensor
        let (width, outputs) = (projection.shape[1], projection.shape[0])
        #expect(pooled.shape == [2, width])
        var products = [Double](repeating: 0, count: 2 * outputs)
        for index in products.indices {
            let (picture, output) = (index / outputs, index % outputs)
            for i in 0..<width {
                products[index] +=
                    Double(pooled.values[picture * width + i]) * Double(projection.values[output * width + i])
            }
        }
        #expect(e(HostTensor([2, outputs], products.map(Float.init)), try array(name, "embedding")) <= 2e-5)
        #expect(
            try self.session("timm-vit", on: device).run(.tensor(array("timm-vit", "input")), .pooled).shape == [2, 48])
    }
}
