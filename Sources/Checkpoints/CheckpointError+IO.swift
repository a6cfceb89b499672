#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

extension CheckpointError {
    /// What the system refused, from the value of `errno` right after the call.
    ///
    /// The words are ours: `strerror` answers in the user's language and is not safe among threads.
    package static func system(_ errno: CInt, file: String, writing: Bool = false) -> CheckpointError {
        switch errno {
        case ENOENT where writing, ENOTDIR where writing:
            return CheckpointError(
                .fileNotFound, file: file, "cannot be written: there is no directory \(directory(of: file))",
                next: "create it")
        case ENOENT, ENOTDIR:
            return CheckpointError(.fileNotFound, file: file, "does not exist", next: "check the path")
        case EACCES, EPERM, EROFS:
            let verb = writing ? "written" : "read"
            return CheckpointError(
                .permissionDenied, file: file, "may not be \(verb) (\(symbol(errno)))",
                next: "check the permissions of the file and of its directory")
        case ELOOP:
            return CheckpointError(
                .notRegularFile, file: file, "is a loop of symbolic links", next: "point the link at a regular file")
        case EISDIR:
            return CheckpointError(.notRegularFile, file: file, "is a directory", next: "name a file")
        case ENOSPC, EDQUOT:
            return CheckpointError(
                .noSpaceLeft, file: file, "does not fit on its device (\(symbol(errno)))",
                next: "free some space or write elsewhere")
        case EMFILE, ENFILE:
            return CheckpointError(
                .readFailed, file: file, "cannot be opened: too many files are open (\(symbol(errno)))",
                next: "raise the limit with ulimit -n")
        default:
            let verb = writing ? "written" : "read"
            return CheckpointError(
                writing ? .writeFailed : .readFailed, file: file, "cannot be \(verb) (\(symbol(errno)))",
                next: "check the device that holds it")
        }
    }

    private static func directory(of file: String) -> String {
        guard let slash = file.lastIndex(of: "/") else { return "." }
        return slash == file.startIndex ? "/" : String(file[..<slash])
    }

    private static func symbol(_ errno: CInt) -> String {
        let symbols: [CInt: String] = [
            EACCES: "EACCES", EPERM: "EPERM", EROFS: "EROFS", ENOSPC: "ENOSPC", EDQUOT: "EDQUOT", EMFILE: "EMFILE",
            ENFILE: "ENFILE", EIO: "EIO", ENAMETOOLONG: "ENAMETOOLONG", EPIPE: "EPIPE", EFBIG: "EFBIG",
            ENXIO: "ENXIO", ETXTBSY: "ETXTBSY", EINVAL: "EINVAL",
        ]
        return symbols[errno] ?? "system error \(errno)"
    }
}
