#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Reads encoded pictures from files and streams.
package enum PictureFile {
    /// Reads and decodes a file.
    /// - Throws: an `ImageError` that names the file.
    package static func decode(
        path: String, options: DecodingOptions = DecodingOptions()
    ) throws(ImageError) -> DecodedPicture {
        do {
            let bytes = try read(path: path, limit: options.maximumFileBytes)
            let decoded = try DecodedPicture(decoding: bytes, options: options)
            return decoded.noting(extensionOf: path)
        } catch {
            throw error.about(file: path)
        }
    }

    /// Reads a regular file whole; its size is checked before the first byte is read.
    /// - Throws: an `ImageError` with an `IO_` code, or `IMG_FILE_TOO_LARGE`.
    package static func read(path: String, limit: Int) throws(ImageError) -> [UInt8] {
        // The system would read the path as far as its NUL, and so another file.
        guard !path.utf8.contains(0) else {
            throw ImageError(.notFound, file: path, "is not a path, for it holds a NUL; name a picture file")
        }
        // Not blocking: opening a pipe that nobody writes to must not wait.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .io(errno, file: path, doing: "opening it") }
        defer { close(descriptor) }
        let size = try regularSize(of: descriptor, path: path)
        if size > limit { throw ImageError.fileTooLarge(size, limit: limit).about(file: path) }
        let bytes = try readToEnd(of: descriptor, limit: size, file: path)
        if bytes.count != size {
            throw ImageError(
                .changed, file: path,
                "had \(size) bytes when it was opened and \(bytes.count) when it was read; wait until it is written")
        }
        return bytes
    }

    /// Reads an open descriptor, such as standard input, to its end.
    /// - Throws: an `ImageError` with code `IO_READ` or `IMG_FILE_TOO_LARGE`.
    package static func read(descriptor: Int32, name: String, limit: Int) throws(ImageError) -> [UInt8] {
        let bytes = try readToEnd(of: descriptor, limit: limit, file: name)
        if bytes.count > limit { throw ImageError.fileTooLarge(bytes.count, limit: limit).about(file: name) }
        return bytes
    }

    private static func regularSize(of descriptor: Int32, path: String) throws(ImageError) -> Int {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .io(errno, file: path, doing: "looking at it") }
        let kind: String
        switch status.st_mode & S_IFMT {
        case S_IFREG: return Int(status.st_size)
        case S_IFDIR: kind = "a directory"
        case S_IFIFO: kind = "a pipe"
        case S_IFSOCK: kind = "a socket"
        default: kind = "a device"
        }
        throw ImageError(.notFile, file: path, "is \(kind), not a file; name a picture file")
    }

    /// At most one byte more than `limit`, so that the caller sees when there is more.
    private static func readToEnd(of descriptor: Int32, limit: Int, file: String) throws(ImageError) -> [UInt8] {
        var bytes: [UInt8] = []
        let step = 1 << 20
        while bytes.count <= limit {
            let wanted = min(step, limit + 1 - bytes.count)
            var failure: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, initialized in
                var count: Int
                repeat {
                    count = systemRead(descriptor, buffer.baseAddress, wanted)
                } while count < 0 && errno == EINTR
                failure = count < 0 ? errno : 0
                initialized = max(count, 0)
            }
            if failure != 0 { throw .io(failure, file: file, doing: "reading it") }
            if chunk.isEmpty { break }
            bytes += chunk
        }
        return bytes
    }
}

/// `read(2)`, which the functions of this file would otherwise hide.
private func systemRead(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer?, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

extension ImageError {
    fileprivate static func io(_ number: Int32, file: String, doing action: String) -> ImageError {
        let reason = String(cString: strerror(number))
        switch number {
        case ENOENT, ENOTDIR:
            // What stands for bytes that are no text has taken their place before the path came here.
            let isText = !file.unicodeScalars.contains("\u{FFFD}")
            return ImageError(
                .notFound, file: file,
                isText
                    ? "no such file; check the path"
                    : "no such file: its name is no UTF-8, and \u{FFFD} stands for the bytes that are none; rename it")
        case EACCES, EPERM: return ImageError(.permission, file: file, "may not be read (\(reason)); check its rights")
        case ENXIO: return ImageError(.notFile, file: file, "is a socket or device, not a file; name a picture file")
        default: return ImageError(.read, file: file, "\(action) failed (\(reason)); check the path and the disk")
        }
    }
}

extension DecodedPicture {
    /// Adds a note where the extension names another of the known formats.
    fileprivate func noting(extensionOf path: String) -> DecodedPicture {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return self }
        let suffix = name[name.index(after: dot)...].lowercased()
        guard let claimed = PictureFormat.allCases.first(where: { $0.fileExtensions.contains(suffix) }),
            claimed != format
        else { return self }
        return DecodedPicture(
            picture: picture, format: format, storedSize: storedSize, orientation: orientation, isTurned: isTurned,
            notes: notes + ["named .\(suffix), but a \(format.rawValue)"])
    }
}
