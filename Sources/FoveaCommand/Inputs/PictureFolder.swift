import Imaging

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Folders of pictures.
enum PictureFolder {
    /// Whether a path is a folder, or a link to one.
    static func exists(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The paths of the pictures in a folder, known by their extensions, sorted by name; hidden files are left out.
    ///
    /// Throws where the folder cannot be read or has none.
    static func pictures(in folder: String) throws(ImageError) -> [String] {
        let found = try names(in: folder).filter(isPicture).map { path(of: $0, in: folder) }
        guard !found.isEmpty else {
            let known = extensions.map { ".\($0)" }.joined(separator: ", ")
            throw ImageError(.notFound, file: folder, "the folder holds no picture: no file in it ends with \(known)")
        }
        return found
    }

    /// The same with the pictures in its folders and in theirs, of which there may be none at all.
    ///
    /// - Parameter depth: How deep folders may lie in each other; a link may lead back to where it is.
    static func allPictures(in folder: String, depth: Int = 8) throws(ImageError) -> [String] {
        var found: [String] = []
        for name in try names(in: folder) {
            let path = path(of: name, in: folder)
            if exists(path) {
                if depth > 0 { found += try allPictures(in: path, depth: depth - 1) }
            } else if isPicture(name) {
                found.append(path)
            }
        }
        return found
    }

    private static let extensions = PictureFormat.allCases.flatMap(\.fileExtensions)

    private static func isPicture(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return extensions.contains(name[name.index(after: dot)...].lowercased())
    }

    /// The folders in a folder by their names, sorted; hidden ones are left out.
    ///
    /// Throws where the folder cannot be read.
    static func folders(in folder: String) throws(ImageError) -> [String] {
        try names(in: folder).filter { exists(path(of: $0, in: folder)) }
    }

    /// The path of a name in a folder.
    static func path(of name: String, in folder: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    private static func names(in folder: String) throws(ImageError) -> [String] {
        guard let directory = opendir(folder) else {
            let (code, reason) = (errno, String(cString: strerror(errno)))
            throw ImageError(
                code == EACCES ? .permission : .read, file: folder,
                "the folder cannot be read (\(reason)); check its rights and its device")
        }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
