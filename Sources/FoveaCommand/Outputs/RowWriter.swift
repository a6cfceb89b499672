import ArgumentParser
import Fovea

/// Takes pictures through a model to rows, each written as soon as its batch is computed, so that memory does not grow
/// with their number.
struct RowWriter<Format: RowFormat> {
    let format: Format
    let facts: Format.Facts
    let stream: ResultStream
    let failFast: FailFastOption
    let verbosity: Verbosity

    /// Writes a row for each picture, gives the file its name, and ends with the status for what was counted.
    ///
    /// - Parameters:
    ///   - batches: Batches of pictures, and what the model says of them.
    ///   - total: How many pictures there are in all, where that is known.
    func write(
        _ batches: BatchPipeline<PictureInputs, [Format.Row]>, of shard: Shard, total: () -> Int?
    ) async throws {
        var batches = batches
        var tally = Tally(failFast)
        if let earlier = stream.earlier {
            tally.resume(earlier.count, failures: earlier.failures)
            verbosity.note("\(earlier.count.counted("picture")) already had a row")
            noteKept(earlier.count)
        }
        var isBegun = (stream.earlier?.byteCount ?? 0) > 0
        var progress = Progress(
            "pictures", isShown: !verbosity.quiet && !stream.isTerminal, earlier: tally.count, total: total)
        try await batches.forEach { pictures, answer in
            if !isBegun { try stream.write(format.beginning(facts, count: 0)) }
            isBegun = true
            verbosity.detail(pictures)
            let rows = try answer.get()
            try stream.note(pictures)
            for row in rows {
                let position = tally.count
                // Before it is written: a row that ends the command is made anew by --resume.
                try tally.count(row.error, &progress)
                try stream.write(format.bytes(of: row, at: position))
            }
            progress.advance(by: pictures.count)
            noteKept(tally.count)
        }
        Interruption.setNotice(nil)
        try tally.checkFound(shard)
        if !isBegun { try stream.write(format.beginning(facts, count: 0)) }
        try stream.write(format.end(count: tally.count))
        if format.countsRows { try stream.replaceBeginning(format.beginning(facts, count: tally.count)) }
        verbosity.detail("\(tally.count.counted("picture")), \(progress.rate) a second, decoding included")
        try stream.finish()
        try tally.conclude()
    }

    /// Has a signal say what it leaves.
    private func noteKept(_ count: Int) {
        guard let path = stream.keptPath, count > 0, !verbosity.quiet else { return }
        Interruption.setNotice(
            "\(path) keeps the rows of \(count.counted("picture")); the same command with --resume "
                + "goes on")
    }
}

extension Verbosity {
    /// Says what was odd about pictures, which only `--verbose` asks for.
    func detail(_ pictures: [FedPicture]) {
        guard verbose else { return }
        for picture in pictures {
            guard case .success(let prepared) = picture.result else { continue }
            for note in prepared.notes { detail("\(picture.name): \(note)") }
        }
    }
}
