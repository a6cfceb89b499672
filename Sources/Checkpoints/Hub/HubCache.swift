#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// The local cache of the Hugging Face hub, as its own tools lay it out.
///
/// ```
/// models--OWNER--NAME/blobs/HASH              a file's content, once
///                     snapshots/COMMIT/NAME   a link to ../../blobs/HASH
///                     refs/REVISION           the commit that a branch or a tag stands for
/// ```
/// huggingface/huggingface_hub, docs/source/en/guides/manage-cache.md.
package struct HubCache: Sendable {
    /// The folder of all models.
    package let path: String

    /// The cache in a folder.
    package init(_ path: String) { self.path = path }

    /// The folder of a model, whether it is there or not.
    package func folder(of model: HubModel) -> String { "\(path)/models--\(model.owner)--\(model.name)" }

    /// The folder of a commit of a model, whether it is there or not.
    package func snapshot(of model: HubModel, at commit: String) -> String {
        "\(folder(of: model))/snapshots/\(commit)"
    }

    /// The commit that a model's revision stood for when it was pulled; nil where it was not.
    package func commit(of model: HubModel) -> String? {
        let commit = Self.firstLine(of: "\(folder(of: model))/refs/\(model.revision)") ?? model.revision
        return commit.isCommit ? commit : nil
    }

    /// The folder of a model that was pulled; throws IO_NOT_FOUND where it was not, or where `name` is no name of a model.
    package static func folder(of name: String, settings: HubSettings = HubSettings()) throws(CheckpointError) -> String
    {
        guard let model = HubModel(name), let path = settings.cacheFolder else {
            throw CheckpointError(
                .fileNotFound, file: name, "no such file or folder",
                next: "name a model's folder, its weight file, `demo`, or a model of the hub by its whole name, "
                    + "such as timm/vit_tiny_patch16_224.augreg_in21k_ft_in1k, once `fovea pull` has downloaded it")
        }
        let cache = HubCache(path)
        if let commit = cache.commit(of: model) {
            let folder = cache.snapshot(of: model, at: commit)
            if access(folder, F_OK) == 0 { return folder }
        }
        throw CheckpointError(
            .fileNotFound, file: name, "no such folder, and no such model in the Hugging Face cache under \(path)",
            next: "download it with `fovea pull \(model)`")
    }

    /// The first line of a small file, without white space around it; nil where there is none.
    static func firstLine(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 1024)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let word = text.drop { $0.isWhitespace }.prefix { !$0.isWhitespace }
        return word.isEmpty ? nil : String(word)
    }
}
