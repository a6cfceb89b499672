import Checkpoints
import FoundationEssentials
import Fovea
import OpenCLOperations
import OperationCases
import Operations
import Testing

@Suite("The model inside the program")
struct DemoModelTests {
    private let fixtures = PackageRoot.path + "/Tests/Fixtures/Demo/"

    /// Logits that PyTorch computed in float64 from the same weights and pixels.
    @Test("gives PyTorch's logits from the same pixels", arguments: ["cpu", "auto"])
    func logits(device: String) throws {
        let files = try ModelFiles(ModelFiles.demoName)
        let session = try files.open().session(on: ComputeDevice(try #require(DeviceRequest(device))))
        let crops = try NumPyArray(contentsOf: fixtures + "crops.npy")
        let pictures = PixelBatch(
            count: crops.shape[0], height: crops.shape[1], width: crops.shape[2], bytes: try crops.bytes())
        let reader = PictureReader(try files.preprocessing())
        let found = try session.run(.pictures(pictures, reader.normalization), .logits)
        let expected = try NumPyArray(contentsOf: fixtures + "logits.npy").tensor()
        #expect(found.shape == expected.shape)
        let squares = expected.values.reduce(0.0) { $0 + Double($1) * Double($1) }
        let worst = zip(found.values, expected.values).map { abs(Double($0) - Double($1)) }.max() ?? .infinity
        #expect(worst / (squares / Double(expected.values.count)).squareRoot() <= 2e-5)
    }

    @Test(
        "names the same classes in lower precisions, alone and in any batch",
        arguments: [
            NarrowProduct(.int8, .portable), NarrowProduct(.bfloat16, .portable), NarrowProduct(.float16, .portable),
        ]
            + MatrixInstruction.allCases.flatMap { instruction in
                [Precision.float16, .bfloat16].filter(instruction.multiplies).map {
                    NarrowProduct($0, instruction.form, emulation: .faithful)
                }
            })
    func lowPrecision(product: NarrowProduct) throws {
        let files = try ModelFiles(ModelFiles.demoName)
        let device = try ComputeDevice(try #require(DeviceRequest("auto")))
        guard case .openCL = device else { return }
        var options = SessionOptions()
        options.backend.precision = product.precision
        // The portable forms leave the choice to the probe, as a user does.
        options.backend.narrowForm = product.isEmulated ? product.form : nil
        options.backend.emulatesMatrices = product.isEmulated
        // A float16 answer that float32 had to give would prove nothing.
        (options.records, options.report) = (nil, { Issue.record("\($0)") })
        let (name, bound) = ("\(product)", try #require(Self.bounds[product.precision]))
        let session = try files.open().session(on: device, options: options)
        let crops = try NumPyArray(contentsOf: fixtures + "crops.npy")
        let pictures = PixelBatch(
            count: crops.shape[0], height: crops.shape[1], width: crops.shape[2], bytes: try crops.bytes())
        let normalization = PictureReader(try files.preprocessing()).normalization
        let found = try session.run(.pictures(pictures, normalization), .logits)
        let expected = try NumPyArray(contentsOf: fixtures + "logits.npy").tensor()
        #expect(Deviation(found, from: expected).normalized <= bound, "\(name): \(Deviation(found, from: expected))")
        let classes = expected.shape.width
        for picture in 0..<expected.shape[0] {
            let rows = [found, expected].map { Array($0.values[picture * classes..<(picture + 1) * classes]) }
            let best = rows.map { row in row.indices.max { row[$0] < row[$1] } }
            #expect(best[0] == best[1], "\(name): picture \(picture)")
        }
        for comparison in try BatchInvariance.check(session) {
            #expect(comparison.difference == nil, "\(name): \(comparison.name)")
        }
    }

    /// int8: what a model of this scheme in NumPy asks for; the others: twice the error of torch's own run of DeiT-tiny in
    /// that precision on a CPU (2.13.0), on the photographs of the command's tests.
    private static let bounds: [Precision: Double] = [.int8: 0.25, .bfloat16: 2 * 0.097, .float16: 2 * 0.0121]

    @Test("sees the pixels that Pillow sees")
    func pixels() throws {
        let reader = PictureReader(try ModelFiles(ModelFiles.demoName).preprocessing())
        let names = try JSONDecoder().decode(
            [String].self, from: Data(contentsOf: URL(filePath: fixtures + "pictures.json")))
        let pictures = try names.map { try reader.picture(at: "\(PackageRoot.path)/Examples/pictures/\($0)") }
        #expect(try PictureReader.batch(pictures).bytes == NumPyArray(contentsOf: fixtures + "crops.npy").bytes())
    }

    @Test("knows every example picture by its name")
    func examples() async throws {
        let folder = PackageRoot.path + "/Examples/pictures"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        #expect(names.count >= 8)
        let classifier = try ImageClassifier(device: "cpu")
        let answers = try await classifier.classify(names.map { "\(folder)/\($0)" }, top: 1)
        for (name, answer) in zip(names, answers) {
            let stem = String(name.prefix { $0 != "." })
            #expect(try answer.get().first?.label == stem)
        }
    }
}
