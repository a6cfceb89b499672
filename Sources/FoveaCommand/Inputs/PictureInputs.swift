import Fovea
import Imaging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The pictures that a command line names, found one after the other, so that a list may be longer than memory.
struct PictureInputs: PictureSupply, ~Copyable {
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

    /// All pictures that are named.
    mutating func all() throws(FoveaError) -> [PictureSource] {
        var sources: [PictureSource] = []
        while case .picture(let source) = try next(.endless) { sources.append(source) }
        return sources
    }

    /// Passes over a picture that already has a row; throws a usage error where another is named now.
    ///
    /// - Parameter row: The number of the row in the partial file, from 1.
    mutating func skip(_ name: String, row: Int) throws(FoveaError) {
        let found: String? = if case .picture(let source) = try next(.endless) { source.name } else { nil }
        guard found == name else {
            throw FoveaError(
                .usage, code: "RESUME",
                "--resume: row \(row) of the partial file is of \(name), but the picture named now is "
                    + "\(found ?? "none"); name the same pictures in the same order, or leave out --resume")
        }
    }

    /// The next picture of the share.
    mutating func next(_ patience: Patience) throws(FoveaError) -> SuppliedPicture {
        while true {
            let next = try nextOfAll(patience)
            guard case .picture = next else { return next }
            defer { position += 1 }
            if shard.contains(position) { return next }
        }
    }

    private mutating func nextOfAll(_ patience: Patience) throws(FoveaError) -> SuppliedPicture {
        while true {
            if let path = folder.popFirst() { return .picture(.file(path)) }
            switch arguments.first {
            case nil: return .end
            case .list(let list)?:
                switch try list.next(patience) {
                case .path(let path): return .picture(.file(path))
                case .notYet: return .notYet
                case .end: arguments.removeFirst()
                }
            case .standardInput?:
                arguments.removeFirst()
                return .picture(standardInput())
            case .path(let path)?:
                arguments.removeFirst()
                guard PictureFolder.exists(path) else { return .picture(.file(path)) }
                do {
                    folder = try PictureFolder.pictures(in: path)[...]
                } catch {
                    return .picture(.unreadable(error, name: path))
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
