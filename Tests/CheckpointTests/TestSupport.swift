import Checkpoints
import Glibc
import Testing

/// Where things lie, found from this file.
enum Place {
    /// The root of the package.
    static let root = String(#filePath.dropLast("/Tests/CheckpointTests/TestSupport.swift".utf8.count))
    /// The fixtures of these tests.
    static let fixtures = root + "/Tests/Fixtures/Checkpoints"
    /// Golden models and the like, beside the package on some machines.
    static let shared = root + "/../shared"
}

extension Trait where Self == ConditionTrait {
    /// Runs a test only where the folder of golden models lies beside the package.
    static var requiresShared: Self {
        .enabled("../shared is not beside the package") { access(Place.shared + "/README.md", R_OK) == 0 }
    }
}

/// Expects a call to fail with a code; gives the error for further looks.
@discardableResult
func expectFailure<Result>(
    _ code: CheckpointError.Code, sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Result
) -> CheckpointError? {
    do {
        _ = try body()
        Issue.record("nothing was thrown, expected \(code.rawValue)", sourceLocation: sourceLocation)
    } catch let error as CheckpointError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        return error
    } catch {
        Issue.record("\(error) was thrown, expected \(code.rawValue)", sourceLocation: sourceLocation)
    }
    return nil
}

/// SplitMix64: the same numbers in every run (Steele, Lea, Flood 2014).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Values as they lie in a file.
func littleEndian<Value: FixedWidthInteger>(_ values: [Value]) -> [UInt8] {
    values.flatMap { value in (0..<(Value.bitWidth / 8)).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) } }
}

/// Float32 values as they lie in a file.
func littleEndian(_ values: [Float]) -> [UInt8] { littleEndian(values.map(\.bitPattern)) }
