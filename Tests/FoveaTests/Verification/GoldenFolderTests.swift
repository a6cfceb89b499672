import Checkpoints
import FoundationEssentials
import Fovea
import Operations
import Testing

@Suite("Stored outputs")
struct GoldenFolderTests {
    private let path = PackageRoot.path + "/Tests/Fixtures/Goldens/timm-vit"

    private func session() throws -> any InferenceSession { try ModelFiles(path).open().session(on: .reference) }

    @Test("agree on the reference: logits, embedding and tokens")
    func agreement() throws {
        let agreements = try GoldenFolder(path).compare(session())
        #expect(agreements.map(\.name) == ["logits", "embedding", "tokens"])
        for agreement in agreements { #expect(agreement.holds, "\(agreement.name): \(agreement.explanation)") }
    }

    @Test("that are wrong by little, or of another shape, are found")
    func disagreement() throws {
        let folder = try TemporaryFolder()
        try FileManager.default.copyItem(atPath: path + "/input.npy", toPath: folder.path + "/input.npy")
        var logits = try NumPyArray(contentsOf: path + "/logits.npy").tensor()
        logits.values[3] += 1e-3
        try NumPyArray.write(logits, to: folder.path + "/logits.npy")
        try NumPyArray.write(HostTensor([1, 2]), to: folder.path + "/embedding.npy")
        let agreements = try GoldenFolder(folder.path).compare(session())
        #expect(agreements.map(\.name) == ["logits", "embedding"])
        #expect(agreements.allSatisfy { !$0.holds })
        #expect(agreements[0].deviation?.worstIndex.last == 3)
        #expect(agreements[1].problem?.contains("expected [1, 2]") == true)
    }

    @Test("that are not there are an error of the input")
    func absence() throws {
        let folder = try TemporaryFolder()
        #expect(throws: FoveaError.self) { try GoldenFolder(folder.path) }
        try FileManager.default.copyItem(atPath: path + "/input.npy", toPath: folder.path + "/input.npy")
        let error = #expect(throws: FoveaError.self) { try GoldenFolder(folder.path).compare(session()) }
        #expect(error?.category == .input && error?.message.contains("logits.npy") == true)
    }
}
