import OpenCLRuntime

/// The kernels of one context, each compiled once.
final class KernelLibrary {
    /// A kernel where it can be found again; noncopyable values do not go into dictionaries.
    final class Entry {
        var kernel: Kernel

        init(_ kernel: consuming Kernel) { self.kernel = kernel }
    }

    private let context: Context
    private let cache: ProgramCache?
    private var entries: [Specialization: Entry] = [:]

    init(_ context: Context, cache: ProgramCache?) {
        (self.context, self.cache) = (context, cache)
    }

    /// The kernel for a specialization, compiled if it is asked for the first time.
    func kernel(for specialization: Specialization) throws(OpenCLError) -> Entry {
        if let entry = entries[specialization] { return entry }
        let program = try Program(
            context, source: specialization.source, options: Specialization.options, cache: cache)
        let entry = Entry(try Kernel(program, specialization.kernel))
        entries[specialization] = entry
        return entry
    }
}
