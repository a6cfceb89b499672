import Checkpoints
import Glibc
import Operations
import Testing

/// A small random model that timm or transformers saved, an input, and what that library computed in float64.
struct GoldenCase: CustomTestStringConvertible {
    let name: String

    var testDescription: String { name }

    /// The cases that the repository carries.
    static let all = [
        "timm-vit", "timm-vit-gap-reg4", "timm-vit-nonsquare", "timm-deit-distilled", "timm-deit3", "hf-vit",
        "hf-vit-new-names", "hf-deit-teacher", "hf-clip-vision", "timm-eva02-clip", "timm-sapiens2",
    ].map { GoldenCase(name: $0) }

    /// The model's folder.
    var folder: String { "\(PackageRoot.path)/Tests/Fixtures/Goldens/\(name)" }
    /// The model's input.
    var input: String { "\(folder)/input.npy" }

    /// One of the case's arrays; nil where the library has no such output.
    func expected(_ kind: String) throws -> HostTensor? {
        let path = "\(folder)/\(kind).npy"
        return access(path, R_OK) == 0 ? try NumPyArray(contentsOf: path).tensor() : nil
    }

    /// What `fovea run` writes.
    func run(_ kind: String?, on device: TestedDevice, _ options: [String] = []) throws -> HostTensor {
        let folder = try TemporaryFolder()
        let kind = kind.map { ["--kind", $0] } ?? []
        _ = try FoveaProcess.results(
            ["run", "--model", self.folder, "--input", input, "--output", folder("y.npy"), "--device", device.option]
                + kind + options)
        #expect(folder.names == ["y.npy"])
        return try NumPyArray(contentsOf: folder("y.npy")).tensor()
    }
}

/// How far an answer is from what was expected: max|Δ| / rms(expected).
func deviation(_ actual: HostTensor, from expected: HostTensor) -> Double {
    guard actual.shape == expected.shape else { return .infinity }
    let squares = expected.values.reduce(0.0) { $0 + Double($1) * Double($1) }
    let worst = zip(actual.values, expected.values).reduce(0.0) { worst, pair in
        let difference = abs(Double(pair.0) - Double(pair.1))
        return difference.isFinite ? max(worst, difference) : .infinity
    }
    return worst / (squares / Double(expected.values.count)).squareRoot()
}

@Suite("fovea run gives what timm and transformers give")
struct RunGoldenTests {
    /// The promise for float32 on logits, embeddings and tokens.
    static let tolerance = 2e-5

    @Test("logits, embedding and tokens", arguments: GoldenCase.all, TestedDevice.all)
    func goldens(golden: GoldenCase, device: TestedDevice) throws {
        var compared = 0
        for kind in ["logits", "embedding", "tokens"] {
            guard let expected = try golden.expected(kind) else { continue }
            let e = deviation(try golden.run(kind, on: device), from: expected)
            #expect(e <= Self.tolerance, "\(kind) of \(golden.name) on \(device.option)")
            compared += 1
        }
        #expect(compared > 0)
    }

    @Test("logits are the default", arguments: TestedDevice.all)
    func defaultKind(device: TestedDevice) throws {
        let golden = GoldenCase.all[0]
        #expect(try golden.run(nil, on: device) == golden.run("logits", on: device))
    }

    @Test("probabilities are the softmax of the logits", arguments: TestedDevice.all)
    func probabilities(device: TestedDevice) throws {
        let golden = GoldenCase.all[0]
        let (logits, found) = (try golden.run("logits", on: device), try golden.run("probabilities", on: device))
        #expect(found.shape == logits.shape)
        for row in 0..<logits.shape.rows {
            let range = row * logits.shape.width..<(row + 1) * logits.shape.width
            let exponentials = logits.values[range].map { exp(Double($0)) }
            let total = exponentials.reduce(0, +)
            for (probability, exponential) in zip(found.values[range], exponentials) {
                #expect(abs(Double(probability) - exponential / total) < 1e-6)
            }
        }
    }

    @Test("layers alone and stacked are the same, and the last leads to the tokens", arguments: TestedDevice.all)
    func layers(device: TestedDevice) throws {
        let golden = GoldenCase.all[0]
        let tokens = try #require(try golden.expected("tokens"))
        let stacked = try golden.run("layer:2,0", on: device)
        #expect(stacked.shape == Shape([2] + tokens.shape.dimensions))
        let half = stacked.values.count / 2
        for (position, layer) in [2, 0].enumerated() {
            let alone = try golden.run("layer:\(layer)", on: device)
            #expect(alone.shape == tokens.shape)
            #expect(Array(stacked.values[position * half..<(position + 1) * half]) == alone.values)
        }
        #expect(stacked.values.prefix(half) != stacked.values.suffix(half))
    }

    @Test("the size of the batch changes no bit", arguments: TestedDevice.all, ["logits", "tokens", "layer:1,2"])
    func batches(device: TestedDevice, kind: String) throws {
        let golden = GoldenCase.all[1]
        #expect(
            try golden.run(kind, on: device, ["--batch-size", "1"])
                == golden.run(kind, on: device, ["--batch-size", "8"]))
    }

    @Test("uint8 pictures are normalized as the model's configuration says")
    func pictures() throws {
        let folder = try TemporaryFolder()
        let demo = ExamplePictures.path("star")
        _ = try FoveaProcess.results(["preprocess", demo, "--output", folder("x.npy"), "--quiet"])
        _ = try FoveaProcess.results([
            "preprocess", demo, "--output", folder("raw.npy"), "--quiet", "--mean", "0,0,0", "--std", "1,1,1",
        ])
        let bytes = try NumPyArray(contentsOf: folder("raw.npy")).tensor()
        try folder.write(Self.pictureArray(bytes), to: "u8.npy")
        var answers: [HostTensor] = []
        for name in ["x", "u8"] {
            _ = try FoveaProcess.results([
                "run", "--quiet", "--device", "cpu", "--input", folder("\(name).npy"), "--output",
                folder("\(name)-y.npy"),
            ])
            answers.append(try NumPyArray(contentsOf: folder("\(name)-y.npy")).tensor())
        }
        #expect(deviation(answers[1], from: answers[0]) < 1e-5)
    }

    /// A uint8 array `[B, H, W, 3]` from values 0…1 of shape `[B, 3, H, W]`.
    static func pictureArray(_ planes: HostTensor) -> [UInt8] {
        let (count, height, width) = (planes.shape[0], planes.shape[2], planes.shape[3])
        let area = height * width
        var header = NumPyArray.header(for: [count, height, width, 3])
        // The writer knows float32 only; the type's name has the same length.
        for index in header.indices where header[index...].starts(with: Array("<f4".utf8)) {
            header.replaceSubrange(index..<index + 3, with: Array("|u1".utf8))
        }
        return header
            + (0..<count * area * 3).map { index in
                let (picture, pixel, channel) = (index / (3 * area), index / 3 % area, index % 3)
                return UInt8((planes.values[(picture * 3 + channel) * area + pixel] * 255).rounded())
            }
    }
}
