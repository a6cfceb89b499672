import Checkpoints
import Imaging
import OpenCLRuntime

/// Why Fovea could not do what it was asked: one sentence, a stable code, and what kind of trouble it is.
public struct FoveaError: Error, Sendable {
    /// Kinds of trouble; the command has an exit status for each.
    public enum Category: Sendable, Hashable, CaseIterable {
        /// What was asked for makes no sense or is not there for this model.
        case usage
        /// A picture or an array cannot be read.
        case input
        /// The model cannot be loaded.
        case model
        /// No such device, or it cannot do what was asked.
        case noDevice
        /// Not enough memory, on the host or on the device.
        case outOfMemory
        /// The device failed while it worked.
        case deviceFailed
        /// A result cannot be written, or a download fails.
        case output
        /// A mistake of ours.
        case internalError
    }

    /// The kind of trouble.
    public let category: Category
    /// A stable name for programs, such as `ST_TRUNCATED`.
    public let code: String
    /// One sentence: what, where, found against allowed, and the next step.
    public let message: String
    /// The long story, line by line: all tensor names, a build log.
    public let details: [String]

    package init(_ category: Category, code: String, _ message: String, details: [String] = []) {
        self.category = category
        self.code = code
        self.message = message
        self.details = details
    }
}

extension FoveaError: CustomStringConvertible {
    /// The sentence.
    public var description: String { message }
}

extension FoveaError {
    /// Any error of the floors below; one that is not known counts as a mistake of ours.
    package init(_ error: any Error) {
        switch error {
        case let error as FoveaError: self = error
        case let error as CheckpointError: self.init(error)
        case let error as ImageError: self.init(.input, code: error.code.rawValue, error.description)
        case let error as PreprocessingError: self.init(.model, code: error.code.rawValue, error.message)
        case let error as OpenCLError: self.init(error)
        default: self.init(.internalError, code: "INTERNAL", "an error that Fovea does not know: \(error)")
        }
    }

    /// An error of the floors below that is about something else than its file: the array to run on, say.
    package init(_ error: any Error, category: Category) {
        let error = FoveaError(error)
        self.init(category, code: error.code, error.message, details: error.details)
    }

    /// An error of a model's own files: an array in them is no input.
    package init(ofModel error: any Error) {
        let error = FoveaError(error)
        self = error.category == .input ? FoveaError(error, category: .model) : error
    }

    private init(_ error: CheckpointError) {
        let category: Category =
            switch error.code {
            case .writeFailed, .noSpaceLeft, .hubNetwork, .hubAnswer, .hubSize, .hubChecksum: .output
            case .hubSettings, .option: .usage
            case .numPyMagic, .numPyVersion, .numPyHeader, .numPyObject, .numPyScalarType, .numPyOverflow, .numPySize:
                .input
            case .configurationMemory: .outOfMemory
            default: .model
            }
        self.init(category, code: error.code.rawValue, error.description, details: error.details)
    }

    private init(_ error: OpenCLError) {
        let category: Category
        switch error.kind {
        case .noPlatform, .noDevice: category = .noDevice
        case .outOfMemory: category = .outOfMemory
        case .deviceLost: category = .deviceFailed
        case .storage: category = .output
        case .buildFailure, .other: category = .internalError
        }
        self.init(
            category, code: "CL_\(error.kind)", error.description,
            details: error.buildLog.map { $0.split(separator: "\n").map(String.init) } ?? [])
    }
}
