import Fovea
import Imaging

/// Pictures whose classes are known, all of them found before the first is looked at.
struct LabeledPictures {
    /// A picture and its class.
    struct Sample {
        let path: String
        let label: Int
    }

    /// In the order of the folder or the list.
    private(set) var samples: [Sample] = []
    /// Folders without a picture.
    private(set) var emptyFolders: [String] = []

    /// Finds the pictures in a folder that has a folder a class, or in a list of `id;path` lines, `-` for standard
    /// input.
    ///
    /// Throws category `input` where nothing is found or can be read, `usage` where a name is that of no class.
    init(_ source: String, _ classes: ClassNames) throws(FoveaError) {
        if PictureFolder.exists(source) {
            try readFolder(source, classes)
        } else {
            try readList(source, classes)
        }
        guard !samples.isEmpty else {
            throw FoveaError(
                .input, code: "NO_PICTURE",
                "\(source): no picture was found; give a folder that has a folder for each class, or a list of id;path "
                    + "lines")
        }
    }

    private mutating func readFolder(_ folder: String, _ classes: ClassNames) throws(FoveaError) {
        do {
            for name in try PictureFolder.folders(in: folder) {
                let path = PictureFolder.path(of: name, in: folder)
                let found = try PictureFolder.allPictures(in: path)
                if found.isEmpty { emptyFolders.append(path) }
                guard !found.isEmpty else { continue }
                let label = try classes.index(of: name, at: path)
                samples += found.map { Sample(path: $0, label: label) }
            }
        } catch {
            throw FoveaError(error)
        }
    }

    private mutating func readList(_ path: String, _ classes: ClassNames) throws(FoveaError) {
        // Other commands name a list so; here nothing else is a list.
        let path = path.hasPrefix("@") ? String(path.dropFirst()) : path
        let list = try PathList(path)
        let name = path == "-" ? "standard input" : path
        while case .path(let line) = try list.next() {
            guard let separator = line.firstIndex(of: ";"), separator != line.startIndex,
                line.index(after: separator) != line.endIndex
            else {
                throw FoveaError(
                    .usage, code: "LIST_LINE",
                    "\(name): line \(list.lineNumber) is '\(line.shortened(to: 60))', not id;path; write the class, a "
                        + "semicolon and the path of the picture")
            }
            let label = try classes.index(
                of: String(line[..<separator]), at: "\(name), line \(list.lineNumber)")
            samples.append(Sample(path: String(line[line.index(after: separator)...]), label: label))
        }
    }
}

/// Hands out samples one after the other.
struct SampleSupply: PictureSupply {
    private var rest: ArraySlice<LabeledPictures.Sample>

    /// Begins with the first.
    init(_ pictures: LabeledPictures) { rest = pictures.samples[...] }

    mutating func next(_ patience: Patience) -> SuppliedPicture {
        rest.popFirst().map { .picture(.file($0.path)) } ?? .end
    }
}
