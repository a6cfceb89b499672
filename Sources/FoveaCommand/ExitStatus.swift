import Fovea

/// What the command says to the shell.
enum ExitStatus: Int32 {
    case success = 0
    /// Some inputs failed, or a check found a disagreement.
    case someFailed = 1
    case usage = 2
    /// No input could be read.
    case input = 3
    case model = 4
    case device = 5
    case memory = 6
    case deviceFailed = 7
    case output = 8
    case internalError = 70

    /// The status for a kind of trouble.
    init(_ category: FoveaError.Category) {
        self =
            switch category {
            case .usage: .usage
            case .input: .input
            case .model: .model
            case .noDevice: .device
            case .outOfMemory: .memory
            case .deviceFailed: .deviceFailed
            case .output: .output
            case .internalError: .internalError
            }
    }
}
