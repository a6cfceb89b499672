import Checkpoints
import Dispatch
import Glibc
import Operations
import Synchronization
import Testing

@Suite("Input files")
struct InputFileTests {
    @Test("names of models on the hub, as other programs write them, too")
    func hubNames() {
        for text in ["timm/vit.a", "hf-hub:timm/vit.a", "hf_hub:timm/vit.a", "https://huggingface.co/timm/vit.a"] {
            #expect(HubModel(text)?.description == "timm/vit.a")
        }
        #expect(HubModel("hf-hub:vit") == nil && HubModel("https://huggingface.co/timm/vit.a/tree/main") == nil)
        let error = #expect(throws: CheckpointError.self) { try HubCache.folder(of: "vit_base_patch16_224") }
        #expect(error?.description.contains("`fovea pull`") == true)
    }

    @Test("What is not a regular file is refused before it is read")
    func irregular() throws {
        let folder = try TemporaryFolder()
        mkfifo(folder("pipe"), 0o644)
        symlink("loop", folder("loop"))
        expectFailure(.notRegularFile) { try SafeTensors(contentsOf: folder.path) }
        expectFailure(.notRegularFile) { try SafeTensors(contentsOf: folder("pipe")) }
        expectFailure(.notRegularFile) { try SafeTensors(contentsOf: "/dev/zero") }
        expectFailure(.notRegularFile) { try SafeTensors(contentsOf: folder("loop")) }
        expectFailure(.fileNotFound) { try SafeTensors(contentsOf: folder("absent")) }
        expectFailure(.fileNotFound) { try SafeTensors(contentsOf: "") }
        expectFailure(.fileNotFound) { try SafeTensors(contentsOf: folder("a\0b")) }
    }

    @Test("A file without permission is refused", .enabled("root may read everything") { geteuid() != 0 })
    func permission() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write("x", to: "secret")
        chmod(path, 0)
        expectFailure(.permissionDenied) { try SafeTensors(contentsOf: path) }
    }

    @Test("A file that changes during the load is noticed", arguments: ["shortened", "rewritten", "lengthened"])
    func changes(how: String) throws {
        let folder = try TemporaryFolder()
        let bytes = SafeTensorsBuilder.file([("a", [1000], [Float](repeating: 1, count: 1000))])
        let path = try folder.write(bytes, to: "model.safetensors")
        let checkpoint = try SafeTensors(contentsOf: path)
        _ = try checkpoint.read("a")
        switch how {
        case "shortened": truncate(path, off_t(bytes.count / 2))
        case "lengthened": truncate(path, off_t(bytes.count + 1))
        default:
            // The clock of the file system ticks every few milliseconds.
            usleep(20_000)
            try folder.write(bytes, to: "model.safetensors")
        }
        expectFailure(.fileChanged) { try checkpoint.read("a") }
    }

    @Test("A file that is replaced by another is read to its end as it was")
    func replaced() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(SafeTensorsBuilder.file([("a", [1], [1])]), to: "model.safetensors")
        let checkpoint = try SafeTensors(contentsOf: path)
        rename(try folder.write(SafeTensorsBuilder.file([("a", [1], [2])]), to: "new"), path)
        #expect(try checkpoint.read("a").values == [1])
    }

    @Test("No descriptor is left behind")
    func descriptors() throws {
        let folder = try TemporaryFolder()
        let good = try folder.write(SafeTensorsBuilder.file([("a", [1], [1])]), to: "good")
        let bad = try folder.write("bad", to: "bad")
        // Twice as many opens as descriptors: a leak of one in two would run out.
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        for _ in 0..<min(2 * Int(limit.rlim_cur), 4096) {
            _ = try SafeTensors(contentsOf: good).read("a")
            #expect(throws: CheckpointError.self) { try SafeTensors(contentsOf: bad) }
            #expect(throws: CheckpointError.self) { try SafeTensors(contentsOf: folder.path) }
        }
    }
}

@Suite("Atomic files")
struct AtomicFileTests {
    @Test("A file appears when it is committed, and not before")
    func commit() throws {
        let folder = try TemporaryFolder()
        let file = try AtomicFile(folder("out.txt"))
        try file.write("one ")
        try file.write([UInt8]("two".utf8))
        #expect(folder.names == ["out.txt.partial"])
        try file.commit()
        #expect(folder.names == ["out.txt"])
        #expect(try folder.read("out.txt") == Array("one two".utf8))
    }

    @Test("Without a commit nothing is left and the old file stays")
    func abandoned() throws {
        let folder = try TemporaryFolder()
        try folder.write("old", to: "out.txt")
        do {
            let file = try AtomicFile(folder("out.txt"))
            try file.write("new")
        }
        #expect(folder.names == ["out.txt"])
        #expect(try folder.read("out.txt") == Array("old".utf8))
        try AtomicFile.write(Array("new".utf8), to: folder("out.txt"))
        #expect(try folder.read("out.txt") == Array("new".utf8))
    }

    @Test("A file that is being written is not written by another")
    func busy() throws {
        let folder = try TemporaryFolder()
        let first = try AtomicFile(folder("out.txt"))
        try first.write("first")
        expectFailure(.fileBusy) { try AtomicFile(folder("out.txt")) }
        expectFailure(.fileBusy) { try AtomicFile(folder("out.txt"), keeping: 2) }
        #expect(folder.names == ["out.txt.partial"])
        try first.commit()
        #expect(try folder.read("out.txt") == Array("first".utf8))
        // What an interrupted run has left is cut to what is kept.
        try folder.write("torn row", to: "out.txt.partial")
        let second = try AtomicFile(folder("out.txt"), keeping: 4)
        try second.write("!")
        try second.commit()
        #expect(try folder.read("out.txt") == Array("torn!".utf8))
    }

    /// Who waits for the lock of a file that is written must not get it while the file still has its name.
    @Test("The name goes before the lock does", arguments: [true, false])
    func lock(commits: Bool) throws {
        let folder = try TemporaryFolder()
        let path = folder("out.txt")
        let partial = path + ".partial"
        let isOver = Atomic(false)
        let thefts = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 2) { side in
            guard side == 0 else {
                // Not for ever, should both sides have one thread.
                for _ in 0..<1_000_000 where !isOver.load(ordering: .relaxed) {
                    let descriptor = open(partial, O_WRONLY | O_CLOEXEC)
                    guard descriptor >= 0 else { continue }
                    var (opened, named) = (stat(), stat())
                    // An empty one was locked before its writer came to it.
                    if flock(descriptor, LOCK_EX) == 0, fstat(descriptor, &opened) == 0, opened.st_size > 0,
                        stat(partial, &named) == 0, opened.st_ino == named.st_ino
                    {
                        thefts.add(1, ordering: .relaxed)
                    }
                    close(descriptor)
                }
                return
            }
            for _ in 0..<300 {
                guard let file = try? AtomicFile(path) else { continue }
                try? file.write("one")
                if commits { try? file.commit() }
            }
            isOver.store(true, ordering: .relaxed)
        }
        #expect(thefts.load(ordering: .relaxed) == 0)
    }

    @Test("A link is followed, a pipe is written and not replaced")
    func special() throws {
        let folder = try TemporaryFolder()
        try folder.write("old", to: "target")
        symlink("target", folder("link"))
        try AtomicFile.write(Array("new".utf8), to: folder("link"))
        #expect(try folder.read("target") == Array("new".utf8))
        var status = stat()
        #expect(lstat(folder("link"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK)

        mkfifo(folder("pipe"), 0o644)
        let reader = open(folder("pipe"), O_RDONLY | O_NONBLOCK)
        defer { close(reader) }
        try AtomicFile.write(Array("through".utf8), to: folder("pipe"))
        var bytes = [UInt8](repeating: 0, count: 16)
        #expect(read(reader, &bytes, 16) == 7)
        #expect(folder.names == ["link", "pipe", "target"])
    }

    @Test("Failures name the path")
    func failures() throws {
        let folder = try TemporaryFolder()
        expectFailure(.notRegularFile) { try AtomicFile(folder.path) }
        let error = expectFailure(.fileNotFound) { try AtomicFile(folder("none/out.txt")) }
        #expect(
            error?.description
                == "\(folder("none/out.txt")): cannot be written: there is no directory \(folder("none")); create it")
        let full = expectFailure(.noSpaceLeft) { try AtomicFile.write([1], to: "/dev/full") }
        #expect(full?.description.hasPrefix("/dev/full: does not fit on its device (ENOSPC)") == true)
    }
}
