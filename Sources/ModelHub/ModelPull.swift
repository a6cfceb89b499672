package import Checkpoints

/// A download of a model from the hub into the cache.
package struct ModelPull {
    private let model: HubModel
    private let hub: HubConnection
    private let folder: CacheFolder
    private let retries: RetryPolicy
    private let report: (PullEvent) -> Void

    /// Downloads what Fovea reads of a model and gives the folder in which it lies; what lies there already is checked.
    ///
    /// - Throws: HUB_NOT_FOUND and HUB_DENIED, HUB_NETWORK after several attempts, HUB_ANSWER, HUB_SIZE and HUB_CHECKSUM,
    ///   MODEL_FORMAT for a model without weights that Fovea reads, and IO_* where the cache cannot be written.
    package static func run(
        _ model: HubModel, settings: HubSettings, userAgent: String, retries: RetryPolicy = .standard,
        report: @escaping (PullEvent) -> Void
    ) async throws(CheckpointError) -> String {
        guard let path = settings.cacheFolder else {
            throw CheckpointError(
                .hubSettings, file: "HF_HOME", "is not set, and there is no home directory",
                next: "name the folder for models in HF_HOME")
        }
        guard !settings.isOffline else {
            throw CheckpointError(
                .hubSettings, file: "HF_HUB_OFFLINE", "forbids downloads", next: "unset it to download \(model)")
        }
        let endpoint = settings.endpoint.lowercased()
        guard endpoint.hasPrefix("https://") || endpoint.hasPrefix("http://") else {
            throw CheckpointError(
                .hubSettings, file: "HF_ENDPOINT", "is no address", found: settings.endpoint,
                expected: "https://…", next: "correct or unset it")
        }
        return try await HubConnection.with(
            settings, model: model, userAgent: userAgent
        ) { hub throws(CheckpointError) in
            let cache = HubCache(path)
            let pull = ModelPull(
                model: model, hub: hub, folder: try CacheFolder(cache, of: model), retries: retries, report: report)
            return cache.snapshot(of: model, at: try await pull.all())
        }
    }

    /// Downloads all files; gives the commit.
    private func all() async throws(CheckpointError) -> String {
        let listing = try await trying { () async throws(HubFailure) in try await HubListing(of: model, on: hub) }
        let weights = try listing.weightName(of: model)
        var names = listing.configurationNames + [weights]
        if weights.hasSuffix(".index.json") {
            // Its shards are known only when it is here.
            let index = try await file(weights, listing.commit)
            try folder.checkSpace(for: index.size)
            try await download(index, listing.commit)
            let shards = try ShardIndex(contentsOf: folder.blob(index.hash)).shards
            if let missing = shards.first(where: { !listing.names.contains($0) }) {
                throw CheckpointError(
                    .safeTensorsIndexPath, file: weights, "names a shard that \(model) does not have",
                    found: missing.abbreviated(to: 200), next: "tell the model's owner")
            }
            names += shards
        }
        var files: [HubFile] = []
        for name in names { files.append(try await file(name, listing.commit)) }
        try folder.checkSpace(for: files.reduce(0) { $0 + missing(of: $1) })
        for file in files { try await download(file, listing.commit) }
        // Last, so that the revision never stands for a commit of which something is missing.
        try folder.note(listing.commit)
        return listing.commit
    }

    private func file(_ name: String, _ commit: String) async throws(CheckpointError) -> HubFile {
        try await trying { () async throws(HubFailure) in
            try await HubFile(name, of: model, at: commit, on: hub)
        }
    }

    private func missing(of file: HubFile) -> Int {
        if (try? InputFile(folder.blob(file.hash)))?.size == file.size { return 0 }
        return file.size - min(file.size, (try? InputFile(folder.blob(file.hash) + ".incomplete"))?.size ?? 0)
    }

    private func download(_ file: HubFile, _ commit: String) async throws(CheckpointError) {
        let download = BlobDownload(file: file, hub: hub, folder: folder, retries: retries, report: report)
        try await download.run()
        try folder.link(file, at: commit)
    }

    private func trying<Result>(
        _ work: () async throws(HubFailure) -> Result
    ) async throws(CheckpointError) -> Result {
        var attempts = Retries(retries, report: report)
        while true {
            do throws(HubFailure) {
                return try await work()
            } catch {
                try await attempts.wait(after: error)
            }
        }
    }
}
