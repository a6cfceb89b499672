import FoundationEssentials
import Imaging
import Testing

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// Files that are no files, and files that lie about themselves.
@Suite struct PictureFileTests {
    @Test func aFileIsReadAndDecoded() throws {
        let path = Fixtures.own.appending(path: "rgb8.png").path
        let decoded = try PictureFile.decode(path: path)
        #expect(decoded.format == .png)
        #expect(decoded.picture.size == PixelSize(width: 19, height: 11))
        #expect(decoded.notes.isEmpty)
    }

    @Test func anErrorNamesTheFile() throws {
        try inTemporaryFolder { folder in
            let path = folder.appending(path: "no picture\n\u{1B}[31m.png").path
            try Data("hello".utf8).write(to: URL(filePath: path))
            let error = #expect(throws: ImageError.self) { try PictureFile.decode(path: path) }
            #expect(error?.code == .format)
            #expect(error?.file == path)
            #expect(error?.description.hasSuffix("no picture\\n\\u{1B}[31m.png: \(error?.message ?? "-")") == true)
        }
    }

    @Test func aWrongExtensionIsNoted() throws {
        try inTemporaryFolder { folder in
            let target = folder.appending(path: "photo.PNG")
            try Data(Fixtures.own("420.jpg")).write(to: target)
            let decoded = try PictureFile.decode(path: target.path)
            #expect(decoded.format == .jpeg)
            #expect(decoded.notes == ["named .png, but a JPEG"])
        }
    }

    @Test func whatIsNoFileIsRefused() throws {
        try inTemporaryFolder { folder in
            #expect(code(reading: folder.path) == .notFile)
            #expect(code(reading: "/dev/zero") == .notFile)
            #expect(code(reading: folder.appending(path: "absent.png").path) == .notFound)
            // The system would see a picture that is there, and end at the NUL.
            #expect(code(reading: Fixtures.own.appending(path: "rgb8.png").path + "\0.txt") == .notFound)
            let pipe = folder.appending(path: "pipe.png").path
            #expect(mkfifo(pipe, 0o600) == 0)
            #expect(code(reading: pipe) == .notFile)
        }
    }

    @Test(.enabled("root may read everything") { geteuid() != 0 })
    func aForbiddenFileIsRefused() throws {
        try inTemporaryFolder { folder in
            let path = folder.appending(path: "secret.png").path
            try Data([1]).write(to: URL(filePath: path))
            #expect(chmod(path, 0) == 0)
            #expect(code(reading: path) == .permission)
        }
    }

    @Test func aLargeFileIsRefusedUnread() throws {
        try inTemporaryFolder { folder in
            let path = folder.appending(path: "large.png").path
            let descriptor = open(path, O_WRONLY | O_CREAT, 0o600)
            #expect(ftruncate(descriptor, 1 << 40) == 0)  // Sparse: it takes no room on the disk.
            close(descriptor)
            #expect(code(reading: path) == .fileTooLarge)
        }
        var options = DecodingOptions()
        options.maximumFileBytes = 100
        let bytes = try Fixtures.own("rgb8.png")
        let error = #expect(throws: ImageError.self) { try Picture.decode(bytes, options: options) }
        #expect(error?.code == .fileTooLarge)
    }

    @Test func aStreamIsReadToItsEnd() throws {
        let bytes = try Fixtures.own("rgb8.png")
        #expect(try throughPipe(bytes) { try PictureFile.read(descriptor: $0, name: "-", limit: 10_000) } == bytes)
        let error = #expect(throws: ImageError.self) {
            try throughPipe(bytes) { try PictureFile.read(descriptor: $0, name: "-", limit: bytes.count - 1) }
        }
        #expect(error?.code == .fileTooLarge)
        let closed = #expect(throws: ImageError.self) {
            try PictureFile.read(descriptor: -1, name: "-", limit: 10)
        }
        #expect(closed?.code == .read)
    }

    private func code(reading path: String) -> ImageError.Code? {
        #expect(throws: ImageError.self) { try PictureFile.decode(path: path) }?.code
    }

    private func inTemporaryFolder(_ body: (URL) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "fovea-imaging-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(folder)
    }

    private func throughPipe(_ bytes: [UInt8], _ body: (Int32) throws -> [UInt8]) throws -> [UInt8] {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { close(ends[0]) }
        #expect(write(ends[1], bytes, bytes.count) == bytes.count)  // Smaller than a pipe holds.
        close(ends[1])
        return try body(ends[0])
    }
}
