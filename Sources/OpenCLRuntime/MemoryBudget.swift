import Synchronization

/// The share of a device's memory that we allow ourselves.
///
/// PoCL allocates lazily and never refuses, GPUs may refuse as late as at the first launch: so every buffer is
/// reserved here first, and too much is an error where it can still be told in words.
package final class MemoryBudget: Sendable {
    /// The most bytes in use at one time.
    package let limit: Int
    private let state = Mutex(State())

    private struct State {
        var used = 0
        var peak = 0
    }

    /// Makes a budget of so many bytes.
    package init(limit: Int) {
        precondition(limit >= 0, "a memory budget cannot be negative: \(limit)")
        self.limit = limit
    }

    /// Makes a budget of four fifths of a device's memory.
    package convenience init(for device: Device) {
        self.init(limit: device.globalMemory / 5 * 4)
    }

    /// Bytes in use now.
    package var used: Int { state.withLock { $0.used } }

    /// The most bytes that were in use at one time.
    package var peak: Int { state.withLock { $0.peak } }

    /// Takes bytes out of the budget.
    ///
    /// - Throws: `outOfMemory` where fewer are left.
    func reserve(_ byteCount: Int) throws(OpenCLError) {
        let used = state.withLock { state -> Int? in
            guard byteCount <= limit - state.used else { return state.used }
            state.used += byteCount
            state.peak = max(state.peak, state.used)
            return nil
        }
        guard let used else { return }
        throw OpenCLError(
            .outOfMemory,
            "A buffer of \(megabytes(byteCount)) does not fit the device memory budget: \(megabytes(used)) of "
                + "\(megabytes(limit)) are in use",
            nextStep: "Use a smaller batch, a smaller model, or a device with more memory")
    }

    /// Gives bytes back.
    func release(_ byteCount: Int) {
        state.withLock { $0.used -= byteCount }
    }
}

/// Bytes in words, in MB (10⁶ bytes) with one decimal; below 0.1 MB in bytes.
func megabytes(_ byteCount: Int) -> String {
    guard byteCount >= 100_000 else { return "\(byteCount) bytes" }
    let tenths = byteCount / 100_000
    return "\(tenths / 10).\(tenths % 10) MB"
}
