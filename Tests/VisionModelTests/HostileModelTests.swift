import Checkpoints
import Operations
import Testing
import VisionModels

@Suite("A model whose sizes make no sense is refused, and nothing is made of them")
struct HostileModelTests {
    private func expect(
        _ code: CheckpointError.Code, mentioning mention: String, _ model: ModelDescription,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let error = #expect(throws: CheckpointError.self, sourceLocation: sourceLocation) { try ModelPlan(model) }
        #expect(
            error?.code == code && error?.description.contains(mention) == true, "\(error?.description ?? "")",
            sourceLocation: sourceLocation)
    }

    @Test("a table of positions is one table, and covers no more tokens than there are")
    func positions() throws {
        let model = try ModelDescription.golden("timm-vit", tensors: ["pos_embed": [2, 17, 48]])
        let error = #expect(throws: CheckpointError.self) {
            try VisionTransformer(ModelPlan(model), from: model.checkpoint, on: ReferenceBackend())
        }
        #expect(
            error?.code == .modelShape && error?.description.contains("found [2, 17, 48], expected [1, 17, 48]") == true
        )
        expect(
            .configurationShape, mentioning: "positions",
            try .golden("timm-vit", tensors: ["pos_embed": [1, .max, 0]]))
    }

    @Test("layers are counted before they are compared")
    func depth() throws {
        let blocks = Dictionary(uniqueKeysWithValues: (0..<300).map { ("\($0).mlp.c_fc.weight", [256, 64] as Shape) })
        func named(_ path: String) -> [String: Shape] {
            Dictionary(uniqueKeysWithValues: blocks.map { (path + $0.key, $0.value) })
        }
        expect(.modelShape, mentioning: "found 300", try .golden("timm-vit", tensors: named("blocks.")))
        var clip = named("visual.transformer.resblocks.")
        (clip["visual.class_embedding"], clip["visual.conv1.weight"]) = ([64], [64, 3, 8, 8])
        expect(
            .modelShape, mentioning: "found 300",
            ModelDescription(configuration: nil, checkpoint: ChangedCheckpoint(nil, clip)))
    }
}
