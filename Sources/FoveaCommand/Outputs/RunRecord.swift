import Checkpoints
import Fovea
import Imaging
import OpenCLRuntime
import Operations
import VisionModels

/// What rows depend on besides their pictures, kept beside them: `--resume` goes on with the rows of the same command.
struct RunRecord {
    /// What messages call each thing, and its value; nil where the command line leaves it to the model.
    private var facts: [(name: String, value: String?)]

    /// Notes the version and the command, and what is particular to it.
    init(of command: String, _ facts: [(name: String, value: String?)]) {
        self.facts = [("version", FoveaVersion.current), ("command", command)] + facts
    }

    /// The record as it lies beside the rows: an object of texts.
    var json: JSON { .object(JSON.Object(facts.compactMap { fact in fact.value.map { (fact.name, JSON($0)) } })) }

    /// Throws a usage error, which names the first difference, where the rows of a partial file were made otherwise.
    func check(against earlier: JSON, of partial: PartialFile) throws(FoveaError) {
        for (name, value) in facts {
            let before = earlier[name]?.string
            guard before != value else { continue }
            throw FoveaError(
                .usage, code: "RESUME",
                "--resume: \(partial.path) was begun with \(name) \(before ?? "not given"), but now it is "
                    + "\(value ?? "not given"); repeat the command that began it, or leave out --resume")
        }
    }

    /// Adds a model on its device and what changes its answers; how many devices of a kind there are does not.
    ///
    /// Reads the model's short tensors; throws category `model` where one cannot be read.
    func adding(_ loaded: PictureModel, _ options: PictureModelOptions) throws(FoveaError) -> RunRecord {
        let opened = loaded.opened
        let (model, pictures) = (options.model, options.preprocessing)
        let fingerprint = try opened.checkpoint.fingerprint()
        func given(_ flag: Bool) -> String? { flag ? "given" : nil }
        var record = self
        record.facts += [
            ("--model", opened.files.name), ("weights of fingerprint", fingerprint),
            ("--architecture", model.architecture), ("--heads", model.heads.map(String.init)),
            ("--activation", model.activation?.rawValue), ("--labels", model.labels),
            ("--allow-nonfinite", given(model.allowNonfinite)),
            ("--input-size", pictures.inputSize?.description), ("--resize", pictures.resize?.rawValue),
            ("--crop-pct", pictures.cropPct?.description), ("--interpolation", pictures.interpolation?.rawValue),
            ("--mean", pictures.normalization.mean?.description), ("--std", pictures.normalization.std?.description),
            ("--ignore-exif", given(pictures.ignoreExif)), ("--allow-truncated", given(pictures.allowTruncated)),
            ("--max-pixels", pictures.maxPixels.map(String.init)),
            ("--device", loaded.deviceName), ("--precision", loaded.precision.rawValue),
        ]
        return record
    }
}

extension Checkpoint {
    /// A text that differs where weights do: made of all names and shapes, and of the values of short tensors.
    ///
    /// Those are biases and norms, which training changes whenever it changes the long ones.
    fileprivate func fingerprint() throws(FoveaError) -> String {
        var hash = FNV1a()
        for name in names.sorted() {
            guard let layout = self.layout(of: name) else { continue }
            hash.combine(name.utf8)
            for length in layout.shape.dimensions { hash.combine(word: UInt64(length)) }
            // No weight is an integer: those are counters and indices.
            guard layout.shape.count <= 1 << 16, layout.scalarType.isFloatingPoint else { continue }
            do throws(CheckpointError) {
                for value in try readCounting(name).tensor.values { hash.combine(word: UInt64(value.bitPattern)) }
            } catch {
                throw FoveaError(ofModel: error)
            }
        }
        return String(hash.value, radix: 16)
    }
}
