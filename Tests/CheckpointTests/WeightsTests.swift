import Checkpoints
import Operations
import Testing

@Suite("Weights")
struct WeightsTests {
    private static func checkpoint(_ tensors: [(String, [Int])]) throws -> SafeTensors {
        let tensors = tensors.enumerated().map { index, tensor in
            (tensor.0, tensor.1, [Float](repeating: Float(index + 1), count: tensor.1.reduce(1, *)))
        }
        return try SafeTensors(bytes: SafeTensorsBuilder.file(tensors), name: "model.safetensors")
    }

    private static func vit() throws -> SafeTensors {
        try checkpoint([
            ("cls_token", [1, 1, 4]), ("blocks.0.attn.qkv.weight", [12, 4]), ("blocks.0.attn.qkv.bias", [12]),
            ("blocks.1.attn.qkv.weight", [12, 4]), ("blocks.1.attn.qkv.bias", [12]), ("blocks.10.attn.qkv.bias", [12]),
            ("head.weight", [2, 4]), ("mask_token", [1, 1, 4]),
        ])
    }

    @Test("A path leads to a tensor")
    func path() throws {
        let weights = Weights(try Self.vit())
        let qkv = weights["blocks"][1]["attn.qkv"]
        #expect(qkv.path == "blocks.1.attn.qkv")
        #expect(try qkv("weight", shape: [12, 4]).values[0] == 4)
        #expect(try qkv.tensor("bias", shape: [12]).values[0] == 5)
        #expect(try weights.tensor("cls_token").shape == [1, 1, 4])
        #expect(weights[""]["blocks"].path == "blocks")
        #expect(weights["head"].contains("weight") && !weights["head"].contains("bias"))
        #expect(weights["head"].shape(of: "weight") == [2, 4])
        #expect(try weights["head"].optional("bias", shape: [2]) == nil)
        #expect(try weights["head"].optional("weight", shape: [2, 4])?.values[0] == 7)
    }

    @Test("Names below a path, and numbered layers up to the first gap")
    func names() throws {
        let weights = Weights(try Self.vit())
        #expect(weights["blocks"][0].names == ["attn.qkv.weight", "attn.qkv.bias"])
        #expect(weights["block"].names.isEmpty)
        #expect(weights.names.count == 8)
        #expect(weights["blocks"].layerCount == 2)
        #expect(weights["head"].layerCount == 0)
    }

    @Test("Another separator serves other families")
    func separator() throws {
        let weights = Weights(
            try Self.checkpoint([("Transformer/encoderblock_0/LayerNorm_0/scale", [3])]), separator: "/")
        #expect(weights["Transformer/encoderblock_0"]["LayerNorm_0"].contains("scale"))
        #expect(weights["Transformer"].names == ["encoderblock_0/LayerNorm_0/scale"])
    }

    @Test("A model that reads everything finishes, and nothing is left unread")
    func complete() throws {
        let sum = try Self.vit().load(ignoring: ["mask_*", "blocks.10.*"]) { weights in
            var sum = try weights.tensor("cls_token", shape: [1, 1, 4]).values[0]
            for layer in 0..<weights["blocks"].layerCount {
                let qkv = weights["blocks"][layer]["attn.qkv"]
                sum += try qkv("weight", shape: [12, 4]).values[0] + qkv("bias", shape: [12]).values[0]
            }
            return try sum + weights["head"]("weight", shape: [2, 4]).values[0]
        }
        #expect(sum == 1 + 2 + 3 + 4 + 5 + 7)
    }

    @Test("All problems are told at once, by name")
    func problems() throws {
        let weights = Weights(try Self.vit(), ignoring: ["mask_token"])
        #expect(try weights["head"]("weight", shape: [4, 2]) == HostTensor([4, 2]))
        #expect(try weights["head"]("weight", shape: [4, 2]) == HostTensor([4, 2]))
        for layer in 0..<6 { _ = try weights["blocks"][layer]["attn.qkv"]("weight", shape: [12, 4]) }
        _ = try weights["norm"]("weight", shape: [4])
        _ = try weights["norm"]("bias", shape: [4])
        let error = expectFailure(.modelMissing) { try weights.finish() }
        #expect(
            error?.description == """
                model.safetensors: lacks 6 tensors (blocks.2.attn.qkv.weight, blocks.3.attn.qkv.weight, \
                blocks.4.attn.qkv.weight, blocks.5.attn.qkv.weight, norm.weight and 1 more), has another shape for 1 tensor \
                (head.weight found [2, 4], expected [4, 2]), has 4 tensors (cls_token, blocks.0.attn.qkv.bias, \
                blocks.1.attn.qkv.bias, blocks.10.attn.qkv.bias) that no part of the model reads; check that the weights and \
                the configuration belong to the same model
                """)
        #expect(error?.details.count == 11)
        #expect(error?.details.contains("missing: norm.bias") == true)
        #expect(error?.details.contains("shape: head.weight found [2, 4], expected [4, 2]") == true)
        #expect(error?.details.contains("unexpected: cls_token") == true)
    }

    @Test("An empty or transposed tensor is a matter of shape, an extra one is unexpected unless allowed")
    func codes() throws {
        let weights = Weights(try Self.checkpoint([("a", [0]), ("b", [2, 3])]))
        _ = try weights("a", shape: [3])
        expectFailure(.modelShape) { try weights.finish(allowingUnexpected: true) }

        let others = Weights(try Self.checkpoint([("a", [1]), ("b", [2, 3])]))
        _ = try others("a", shape: [1])
        #expect(others.unread == ["b"])
        let error = expectFailure(.modelUnexpected) { try others.finish() }
        #expect(error?.details == ["unexpected: b"])
        #expect(try others.finish(allowingUnexpected: true) == ["b"])
        others.ignore("b*")
        #expect(try others.finish().isEmpty)
        expectFailure(.modelMissing) { try others.tensor("c") }
    }

    @Test("Zeros for what is not there never outgrow the file by much: the problems found so far are thrown")
    func endlessShapes() throws {
        let weights = Weights(try Self.checkpoint([("a", [2])]))
        _ = try weights("b", shape: [3])
        let error = expectFailure(.modelMissing) { try weights("a", shape: [1 << 40, 1 << 40]) }
        #expect(
            error?.details == ["missing: b", "shape: a found [2], expected [1099511627776, 1099511627776]"])
        // Nor do many of them, none of which would be too large.
        let others = Weights(try Self.checkpoint([("a", [2])]))
        expectFailure(.modelMissing) {
            for index in 0..<20 { _ = try others("b\(index)", shape: [1 << 22]) }
        }
    }

    @Test("NaN is refused unless allowed")
    func nonFinite() throws {
        let checkpoint = try SafeTensors(bytes: SafeTensorsBuilder.file([("a", [2], [1, .nan])]), name: "m")
        expectFailure(.modelNonFinite) { try Weights(checkpoint)("a", shape: [2]) }
        #expect(try Weights(checkpoint, allowingNonFinite: true)("a", shape: [2]).values[1].isNaN)
    }

    @Test(
        "A star stands for any run of characters",
        arguments: [
            ("mask_token", "mask_token", true), ("mask_token", "mask_token2", false),
            ("pooler.*", "pooler.dense.bias", true),
            ("pooler.*", "pooler", false), ("*.position_ids", "vision_model.embeddings.position_ids", true),
            ("*", "", true),
            ("", "", true), ("", "a", false), ("a*b*c", "aXbXbXc", true), ("a*b*c", "aXbXbX", false),
            ("**a", "bba", true),
        ])
    func patterns(pattern: String, name: String, matches: Bool) {
        #expect(NamePattern(pattern).matches(name) == matches)
    }
}
