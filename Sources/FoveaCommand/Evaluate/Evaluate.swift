import ArgumentParser
import Checkpoints
import Fovea
import Operations

/// The command `fovea evaluate`.
struct Evaluate: AsyncParsableCommand, PictureModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure how often a model is right.",
        discussion: """
            Takes a folder that has a folder for each class, or a list with a line id;path for each picture (- for \
            standard input). Folders and ids name classes by label, such as n02123045, by description, or by index, \
            from 0; --labels gives other names than the model's own, one a line.

            Recall is the share of a class's pictures that was recognized, precision the share of the pictures taken \
            for a class that are of it, 0 where none was; means go over the classes that have pictures. A picture that \
            cannot be read is told and counts in none of these; the status is then 1.

            With --output DIR the folder gets metrics.json, per_class.csv, predictions.csv, worst.csv (the most \
            confident mistakes of each class), confusion.csv (a line for each pair of class and prediction that occurs), \
            confusion.png, recall.png and precision.png; it appears whole or not at all.

            Examples:
              fovea evaluate validation/ --model models/deit_tiny_patch16_224 --output report
              fovea evaluate list.txt --labels classes.txt --model vit_base.h5 --heads 12 --format json
            """)

    @Argument(help: ArgumentHelp("Folder with a folder for each class, or list of id;path lines.", valueName: "data"))
    var data: String

    @Option(help: ArgumentHelp("text for people, json for one document.", valueName: "format"))
    var format = Format.text

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Folder for tables and plots.", valueName: "dir"))
    var output: String?

    @OptionGroup var failFast: FailFastOption
    @OptionGroup var overwrite: OverwriteOption
    @OptionGroup var options: PictureModelOptions

    /// What is written to standard output.
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text
        case json
    }

    func run() async throws {
        let folder = try output.map { try ReportFolder($0, overwrite) }
        let (opened, reader) = try options.open()
        let evaluator = try options.load(opened, reader) { opened, model in
            try Evaluator(opened, labels: options.model.labels, on: data, onDevice: model)
        }
        for path in evaluator.pictures.emptyFolders { options.verbosity.note("\(path): the folder holds no picture") }
        let classes = evaluator.classes
        var report = EvaluationReport(
            model: opened.files.name, device: evaluator.model.deviceName, precision: evaluator.model.precision.rawValue,
            data: data, classes: classes, evaluation: Evaluation(classes: classes.count))
        let predictions = try folder.map { try PredictionTable($0.file("predictions.csv"), classes) }
        let feed = PictureFeed(
            SampleSupply(evaluator.pictures), through: reader, batchSize: options.batchSize(of: evaluator.model))
        let batches = BatchPipeline(feed, batchCount: evaluator.model.batchCount, compute: evaluator.rankings)
        let tally = try await evaluate(batches, evaluator.pictures.samples, &report, predictions)
        if let folder {
            try predictions?.finish()
            try report.write(to: folder)
            try folder.commit()
        }
        Console.write(format == .json ? report.json.text(.pretty) + "\n" : report.text)
        try tally.conclude()
    }

    private func evaluate(
        _ batches: BatchPipeline<SampleSupply, [Result<[Prediction], FoveaError>]>,
        _ samples: [LabeledPictures.Sample], _ report: inout EvaluationReport, _ predictions: PredictionTable?
    ) async throws -> Tally {
        var (batches, samples) = (batches, samples[...])
        var tally = Tally(failFast)
        var progress = Progress("pictures", isShown: !options.verbosity.quiet, total: { samples.count })
        try await batches.forEach { pictures, answer in
            options.verbosity.detail(pictures)
            for ranking in try answer.get() {
                let sample = samples.removeFirst()
                try predictions?.write(sample, ranking)
                switch ranking {
                case .success(let classes):
                    report.evaluation.add(sample, classes)
                    tally.succeed()
                case .failure(let error):
                    report.failures.append((sample.path, error))
                    try tally.count(error, &progress)
                }
            }
            progress.advance(by: pictures.count)
        }
        options.verbosity.detail("\(tally.count.counted("picture")), \(progress.rate) a second, decoding included")
        return tally
    }
}

/// The table of all answers, written as they are made.
struct PredictionTable {
    private let file: OutputFile
    private let classes: ClassNames

    /// Begins a table.
    init(_ file: OutputFile, _ classes: ClassNames) throws(FoveaError) {
        (self.file, self.classes) = (file, classes)
        try file.write(
            CSV.line([
                "input", "class", "label", "predicted", "predicted_label", "probability", "class_probability", "rank",
                "error",
            ]))
    }

    /// Appends a picture; its rank is the place of the right class, from 1.
    func write(
        _ sample: LabeledPictures.Sample, _ ranking: Result<[Prediction], FoveaError>
    ) throws(FoveaError) {
        let begin = [sample.path, String(sample.label), classes.label(sample.label) ?? ""]
        switch ranking {
        case .failure(let error): try file.write(CSV.line(begin + ["", "", "", "", "", error.message]))
        case .success(let ranking):
            guard let rank = ranking.firstIndex(where: { $0.index == sample.label }) else { return }
            try file.write(
                CSV.line(
                    begin + [
                        String(ranking[0].index), ranking[0].label ?? "", Float(ranking[0].probability).description,
                        Float(ranking[rank].probability).description, String(rank + 1), "",
                    ]))
        }
    }

    /// Gives the file its name.
    func finish() throws(FoveaError) { try file.commit() }
}
