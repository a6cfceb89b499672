import OpenCLRuntime
import Synchronization

/// The kernels of one context, each compiled once.
final class KernelLibrary {
    /// A kernel where it can be found again; noncopyable values do not go into dictionaries.
    final class Entry {
        var kernel: Kernel

        init(_ kernel: consuming Kernel) { self.kernel = kernel }
    }

    /// Where a specialization has been compiled: its program, and its function's name in it.
    private struct Place {
        let program: Program
        let function: String
    }

    /// Held while a program is compiled or read: of devices that are alike the first compiles, and the others find its
    /// programs in the cache.
    private static let compiler = Mutex(())

    private let context: Context
    private let cache: ProgramCache?
    private var places: [Specialization: Place] = [:]
    private var entries: [Specialization: Entry] = [:]

    init(_ context: Context, cache: ProgramCache?) {
        (self.context, self.cache) = (context, cache)
    }

    /// The kernel for a specialization, compiled if it is asked for the first time.
    ///
    /// Shared: whoever launches it sets its arguments first.
    func kernel(for specialization: Specialization) throws(OpenCLError) -> Entry {
        if let entry = entries[specialization] { return entry }
        let entry = Entry(try newKernel(for: specialization))
        entries[specialization] = entry
        return entry
    }

    /// A kernel of the caller's own, whose arguments stay as the caller sets them.
    func newKernel(for specialization: Specialization) throws(OpenCLError) -> Kernel {
        if places[specialization] == nil { try compile([specialization]) }
        guard let place = places[specialization] else {
            preconditionFailure("\(specialization.kernel) was compiled and is not there")
        }
        return try Kernel(place.program, place.function)
    }

    /// Compiles what is not compiled yet, in one program: a program costs PoCL a quarter of a second, whatever is in it.
    ///
    /// - Returns: What was not.
    @discardableResult
    func compile(_ specializations: [Specialization]) throws(OpenCLError) -> [Specialization] {
        var missing: [Specialization] = []
        for specialization in specializations where places[specialization] == nil && !missing.contains(specialization) {
            missing.append(specialization)
        }
        // What is spliced is a program apart: where that is refused, the others are not.
        for group in Dictionary(grouping: missing, by: { [$0.options, $0.isCovered ? "covered" : ""] }).values {
            try compile(together: group)
        }
        return missing
    }

    private func compile(together missing: [Specialization]) throws(OpenCLError) {
        let isAlone = missing.count == 1
        let source = missing.enumerated().map { isAlone ? $1.source : $1.source(suffix: "__\($0)") }.joined()
        let functions = missing.enumerated().map { $1.kernel + (isAlone ? "" : "__\($0)") }
        let groupsPerUnit = zip(functions, missing).compactMap { function, specialization in
            specialization.defines["GROUPS_PER_UNIT"].map { (function, $0) }
        }
        let rewriting =
            missing[0].isCovered
            ? InstructionSplice.rewriting(
                kernels: functions, groupsPerUnit: Dictionary(uniqueKeysWithValues: groupsPerUnit)) : nil
        let program = try Self.compiler.withLock { (_) throws(OpenCLError) in
            try Program(
                context, source: source, options: missing[0].options, cache: cache, rewriting: rewriting)
        }
        for (specialization, function) in zip(missing, functions) {
            places[specialization] = Place(program: program, function: function)
        }
    }
}
