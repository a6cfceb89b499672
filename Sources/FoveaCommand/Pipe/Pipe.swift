import ArgumentParser
import Checkpoints
import Fovea

/// The command `fovea pipe`.
struct Pipe: AsyncParsableCommand, PictureModelCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer requests line by line, for engines that run many processes.",
        discussion: """
            Reads a request a line from standard input and writes an answer a line to standard output, in order, one \
            for each line whatever it holds. An answer is written as soon as its batch is computed, and a batch is begun \
            when nothing more comes for a moment, so that a reader who waits for an answer gets it.

            A request is one of
              "cat.jpg"                          the path of a picture
              {"path": "cat.jpg", "id": 7}       the same; id may be anything, and the answer repeats it
              {"base64": "/9j/4AAQ…", "id": 7}   the picture itself: the bytes of its file, by RFC 4648
            and other keys are passed over. An answer is one of
              {"id": 7, "input": "cat.jpg", "predictions": [{"index": …, "probability": …}, …]}
              {"id": 7, "input": "cat.jpg", "embedding": […]}
              {"id": 7, "input": "cat.jpg", "error": "…", "code": "IO_NOT_FOUND"}

            At the end of the input the status is 0, or 1 where some requests failed; with --exit-zero it is 0 then, too, \
            for engines that take any other status for a crash.

            Examples:
              ls -1 *.jpg | jq -R . | fovea pipe --model models/deit_tiny_patch16_224
              fovea pipe --task embed --normalize < requests.jsonl > vectors.jsonl
            """)

    @Option(help: ArgumentHelp("What is answered: classify or embed.", valueName: "task"))
    var task = Task.classify

    @Option(help: ArgumentHelp("How many classes of each picture are told. (default: 5)", valueName: "n"))
    var topK: Int?

    @Flag(help: "Scale each embedding to length 1; one of length 0 stays as it is.")
    var normalize = false

    @Flag(help: "End with status 0 even where some requests failed; their answers say why.")
    var exitZero = false

    @OptionGroup var options: PictureModelOptions

    /// What is answered.
    enum Task: String, ExpressibleByArgument, CaseIterable {
        case classify
        case embed
    }

    func validate() throws {
        if let topK { try Classify.check(topK: topK) }
        if topK != nil, task == .embed { throw ValidationError("--top-k is for --task classify") }
        if normalize, task == .classify { throw ValidationError("--normalize is for --task embed") }
    }

    func run() async throws {
        let requests = try RequestLines(pictureLimit: options.preprocessing.fileLimit)
        let (opened, reader) = try options.open()
        let (rows, model) = try options.load(opened, reader, as: rows)
        let feed = PictureFeed(requests, through: reader, batchSize: options.batchSize(of: model))
        var batches = BatchPipeline(feed, batchCount: model.batchCount, compute: rows)
        var tally = Tally()
        try await batches.forEach { pictures, answer in
            options.verbosity.detail(pictures)
            var text = ""
            for row in try answering(requests, answer) {
                let request = requests.removeFirst()
                if let error = request.refusal ?? row.error {
                    try tally.fail(error.prefixed("line \(request.number): "))
                } else {
                    tally.succeed()
                }
                text += request.answer(request.refusal.map { .object($0.row(input: "")) } ?? row.json).text() + "\n"
            }
            Console.write(text)
        }
        guard tally.failures > 0, !exitZero else { return }
        throw ExitCode(ExitStatus.someFailed.rawValue)
    }

    /// Where the device fails, answers whatever was asked with that before the error ends the command.
    private func answering(
        _ requests: RequestLines, _ answer: Result<[any PictureRow], FoveaError>
    ) throws(FoveaError) -> [any PictureRow] {
        do {
            return try answer.get()
        } catch {
            let answers = requests.removeAll().map { $0.answer(.object(error.row(input: ""))).text() + "\n" }
            Console.write(answers.joined())
            throw error
        }
    }

    /// What the task says of a batch, and the model that says it.
    private func rows(
        _ opened: OpenedModel, _ model: () throws -> PictureModel
    ) throws -> (rows: @Sendable ([FedPicture]) async throws(FoveaError) -> [any PictureRow], model: PictureModel) {
        switch task {
        case .classify:
            let classifier = try Classifier(opened, labels: options.model.labels, top: topK, onDevice: model)
            return (classifier.rows, classifier.model)
        case .embed:
            let embedder = try Embedder(opened, normalizes: normalize, onDevice: model)
            return (embedder.rows, embedder.model)
        }
    }
}

extension FoveaError {
    /// The same error with words before its sentence.
    fileprivate func prefixed(_ words: String) -> FoveaError {
        FoveaError(category, code: code, words + message, details: details)
    }
}
