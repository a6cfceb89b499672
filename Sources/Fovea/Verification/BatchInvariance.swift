import OperationCases
import Operations
import VisionModels

/// The promise that a picture's logits are the same bits whatever else is in the batch, wherever it stands in it, and
/// in every run.
package enum BatchInvariance {
    /// How pictures reach the model.
    package enum Source: Sendable, CaseIterable {
        /// As bytes that the device normalizes.
        case bytes
        /// As normalized values.
        case values
    }

    /// One run that was compared with the picture alone.
    package struct Comparison: Sendable {
        /// Where the picture stood.
        package let name: String
        /// Where the first bit differs; nil where none does.
        package let difference: String?
    }

    /// Runs a random picture alone, again, and in each place of a batch of three whose other pictures are always new;
    /// then one of these batches again.
    ///
    /// - Throws: `FoveaError` where the session fails.
    package static func check(
        _ session: any InferenceSession, from source: Source = .bytes, seed: UInt64 = 1
    ) throws(FoveaError) -> [Comparison] {
        var pictures = RandomPictures(session.configuration, source, seed: seed)
        let (subject, output) = (pictures.next(), session.configuration.output)
        let alone = try session.run(source.input([subject], session.configuration), output)
        func compare(_ name: String, _ batch: [[Float]], at place: Int) throws(FoveaError) -> Comparison {
            let result = try session.run(source.input(batch, session.configuration), output)
            return Comparison(name: name, difference: alone.differenceInBits(from: result.row(place)))
        }
        var comparisons = [try compare("alone, in a second run", [subject], at: 0)]
        for place in 0..<3 {
            let batch = (0..<3).map { $0 == place ? subject : pictures.next() }
            comparisons.append(try compare("picture \(place + 1) of a batch of 3", batch, at: place))
            if place == 2 {
                comparisons.append(try compare("the same batch, in a second run", batch, at: place))
            }
        }
        return comparisons
    }
}

/// Random pictures of a model's size, one after the other.
private struct RandomPictures {
    private var random: SeededGenerator
    private let count: Int
    private let source: BatchInvariance.Source

    init(_ configuration: VisionTransformerConfiguration, _ source: BatchInvariance.Source, seed: UInt64) {
        random = SeededGenerator(seed: seed)
        count = 3 * configuration.imageHeight * configuration.imageWidth
        self.source = source
    }

    mutating func next() -> [Float] {
        switch source {
        case .bytes: (0..<count).map { _ in Float(UInt8(truncatingIfNeeded: random.next() >> 56)) }
        case .values: random.values(count)
        }
    }
}

extension BatchInvariance.Source {
    /// Pictures as a batch; as bytes they are normalized to −1…1.
    fileprivate func input(_ pictures: [[Float]], _ configuration: VisionTransformerConfiguration) -> ModelInput {
        let (height, width) = (configuration.imageHeight, configuration.imageWidth)
        switch self {
        case .values: return .tensor(HostTensor([pictures.count, 3, height, width], pictures.flatMap { $0 }))
        case .bytes:
            let bytes = pictures.flatMap { $0.map { UInt8($0) } }
            return .pictures(
                PixelBatch(count: pictures.count, height: height, width: width, bytes: bytes), .halves)
        }
    }
}

extension HostTensor {
    /// One row of `[B, …]` as a batch of its own.
    fileprivate func row(_ index: Int) -> HostTensor {
        let count = shape.count / shape[0]
        return HostTensor(
            Shape([1] + shape.dimensions.dropFirst()), Array(values[index * count..<(index + 1) * count]))
    }
}
