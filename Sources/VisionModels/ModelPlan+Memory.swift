import Checkpoints
import Operations

extension ModelPlan {
    /// The most values that the sizes of a configuration may ask for, 8 GiB in float32.
    ///
    /// More than twice what DINOv3's largest model needs for a picture of 4096×4096 pixels, `[65541, 3·4096]`.
    private static let valueLimit = 0x1p31

    /// Throws CFG_MEMORY where the sizes ask for far more memory than any known model.
    ///
    /// This is for what no tensor of the file has to be there for; missing weights are limited as they are read.
    func checkMemory(_ model: ModelDescription) throws(CheckpointError) {
        let values = computedValues(model.checkpoint)
        guard values <= Self.valueLimit else {
            throw CheckpointError(
                .configurationMemory, file: model.configuration?.file ?? model.checkpoint.file,
                "asks for more memory than any known model",
                found: "about \((4 * values / 0x1p30).wholeDescription) GiB for \(configuration.inputDescription) "
                    + "pixels in patches of \(configuration.patchSide)",
                expected: "at most \((4 * Self.valueLimit / 0x1p30).wholeDescription) GiB",
                next: "give it smaller pictures with --input-size")
        }
    }

    /// Values in the widest tensor of a pass and in the tables that are computed; in Double, for sizes may be anything.
    private func computedValues(_ checkpoint: any Checkpoint) -> Double {
        let (t, d, m) = (
            Double(configuration.tokenCount), Double(configuration.width), Double(configuration.hiddenWidth)
        )
        var values = t * max(3 * d, m)  // Tokens; positions of sines are [N, D].
        let (rows, columns) = configuration.grid
        let stored = names.positions.flatMap { Weights(checkpoint)[names.root].shape(of: $0) }
        if let old = configuration.storedGrid(stored, prefix: names.positionPrefixCount) {
            // In Double, two floats each: first another number of columns, then of rows.
            let side = configuration.positionResampling == .croppedBilinear ? max(rows, columns) : nil
            values += 2 * d * Double(side ?? columns) * Double(max(old.rows, side ?? rows))
        }
        if let rotary = configuration.rotary {
            let width = rotary.frequencies == .learned ? configuration.width : configuration.headWidth
            values += 2 * Double(rows * columns) * Double(width)
        }
        if names.hasBiasTables {
            values += Double(configuration.heads) * t * t
            if let old = configuration.storedBias?.distances {
                values += Double(old.height) * Double(old.width) * Double(configuration.heads)
            }
        }
        if case .attentionPooled(let heads, let skipped) = configuration.readout, skipped > 0 {
            values += Double(heads) * t * t
        }
        let parts = Double(configuration.readoutParts?.count ?? 0)
        return values + parts * parts * d * d
    }
}

extension Double {
    /// A whole number as messages say it, however large.
    var wholeDescription: String { Int(exactly: rounded()).map(String.init) ?? "\(self)" }
}
