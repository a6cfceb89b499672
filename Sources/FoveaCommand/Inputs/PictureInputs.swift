import Fovea
import Imaging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The pictures that a command line names, found one after the other, so that a list may be longer than memory.
struct PictureInputs: ~Copyable {
    private enum Argument {
        case path(String)
        case standardInput
        case list(PathList)
    }

    private var arguments: ArraySlice<Argument>
    /// What is left of the folder that is being read.
    private var folder: ArraySlice<String> = []
    private let fileLimit: Int
    /// The share that is wanted of all that is named.
    let shard: Shard
    private var position = 0

    /// Opens the lists among the arguments; throws category `input` where one cannot be read.
    ///
    /// - Parameter fileLimit: The most bytes a picture on standard input may have.
    init(_ arguments: PictureArguments, fileLimit: Int) throws {
        // Into locals first: a noncopyable value must be whole or not begun when an error leaves.
        let share = try arguments.shard?.resolve() ?? .whole
        let opened: [Argument] = try arguments.images.map { (text) throws(FoveaError) in
            if text == "-" { return .standardInput }
            guard text.hasPrefix("@") else { return .path(text) }
            return .list(try PathList(String(text.dropFirst()), endsWithNull: arguments.endsWithNull))
        }
        (self.arguments, shard, self.fileLimit) = (opened[...], share, fileLimit)
    }

    /// At most `count` pictures more; fewer only at the end.
    mutating func next(_ count: Int) throws(FoveaError) -> [PictureSource] {
        var sources: [PictureSource] = []
        while sources.count < count, let source = try next() { sources.append(source) }
        return sources
    }

    /// Passes over the pictures that already have a row; throws a usage error where others are named now.
    mutating func skip(_ names: [String]) throws(FoveaError) {
        for (position, name) in names.enumerated() {
            let found = try next()?.name
            guard found == name else {
                throw FoveaError(
                    .usage, code: "RESUME",
                    "--resume: row \(position + 1) of the partial file is of \(name), but the picture named now is "
                        + "\(found ?? "none"); name the same pictures in the same order, or leave out --resume")
            }
        }
    }

    /// The next picture of the share; nil after the last.
    mutating func next() throws(FoveaError) -> PictureSource? {
        while let source = try nextOfAll() {
            defer { position += 1 }
            if shard.contains(position) { return source }
        }
        return nil
    }

    private mutating func nextOfAll() throws(FoveaError) -> PictureSource? {
        while true {
            if let path = folder.popFirst() { return .file(path) }
            switch arguments.first {
            case nil: return nil
            case .list(let list)?:
                if let path = try list.next() { return .file(path) }
                arguments.removeFirst()
            case .standardInput?:
                arguments.removeFirst()
                return standardInput()
            case .path(let path)?:
                arguments.removeFirst()
                guard Folder.exists(path) else { return .file(path) }
                do {
                    folder = try Folder.pictures(in: path)[...]
                } catch {
                    return .unreadable(error, name: path)
                }
            }
        }
    }

    private func standardInput() -> PictureSource {
        do {
            let bytes = try PictureFile.read(descriptor: STDIN_FILENO, name: "standard input", limit: fileLimit)
            return .encoded(bytes, name: "-")
        } catch {
            return .unreadable(error, name: "-")
        }
    }
}

/// Folders of pictures.
private enum Folder {
    /// Whether a path is a folder, or a link to one.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The paths of the pictures in a folder, known by their extensions, sorted by name; hidden files are left out.
    ///
    /// Throws where the folder cannot be read or has none.
    static func pictures(in folder: String) throws(ImageError) -> [String] {
        guard let directory = opendir(folder) else {
            let reason = String(cString: strerror(errno))
            throw ImageError(.permission, file: folder, "the folder may not be read (\(reason)); check its rights")
        }
        defer { closedir(directory) }
        let extensions = PictureFormat.allCases.flatMap(\.fileExtensions)
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix("."), let dot = name.lastIndex(of: ".") else { continue }
            if extensions.contains(name[name.index(after: dot)...].lowercased()) { names.append(name) }
        }
        guard !names.isEmpty else {
            let known = extensions.map { ".\($0)" }.joined(separator: ", ")
            throw ImageError(.notFound, file: folder, "the folder holds no picture: no file in it ends with \(known)")
        }
        let prefix = folder.hasSuffix("/") ? folder : folder + "/"
        return names.sorted().map { prefix + $0 }
    }
}
