import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The files and folders that a signal must not leave behind: what was begun and nobody can go on with.
enum Leftovers {
    private static let paths = Mutex<[String]>([])

    /// Notes a file or a folder; a folder comes before what lies in it.
    static func add(_ path: String) { paths.withLock { $0.append(path) } }

    /// Makes a file or a folder and notes it; a signal waits for both.
    ///
    /// `make` gives nil for what may stay.
    static func begin<Failure: Error>(_ make: () throws(Failure) -> String?) throws(Failure) {
        try paths.withLock { (paths) throws(Failure) in
            if let path = try make() { paths.append(path) }
        }
    }

    /// A file may stay, or is gone.
    static func forget(_ path: String) { paths.withLock { $0.removeAll { $0 == path } } }

    /// Gives a file or a folder its name, and forgets it; a signal waits for that.
    static func settle<Failure: Error>(_ path: String, _ rename: () throws(Failure) -> Void) throws(Failure) {
        try paths.withLock { (paths) throws(Failure) in
            try rename()
            paths.removeAll { $0 == path }
        }
    }

    /// Removes all of them, and ends the command before others can be begun.
    static func remove(andThen end: () -> Never) -> Never {
        paths.withLock { paths in
            for path in paths.reversed() { unlinkOrRemove(path) }
            end()
        }
    }

    private static func unlinkOrRemove(_ path: String) {
        if unlink(path) != 0 { rmdir(path) }
    }
}
