#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The local cache of the Hugging Face hub, as its own tools lay it out.
///
/// `$HF_HOME/hub/models--OWNER--NAME/{refs/main, snapshots/COMMIT/}`; the home is `~/.cache/huggingface` unless
/// `HF_HOME` says otherwise (huggingface/huggingface_hub, docs/source/en/guides/manage-cache.md).
struct HubCache {
    private let home: String?

    init() {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
        home = variable("HF_HOME") ?? variable("HOME").map { $0 + "/.cache/huggingface" }
    }

    /// The folder of a model that was pulled; throws where there is neither such a folder nor such a model.
    func folder(of name: String) throws(FoveaError) -> String {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isHubName =
            parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && !part.hasPrefix(".")
                    && part.utf8.allSatisfy { byte in
                        (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
                            || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || "._-".utf8.contains(byte)
                    }
            }
        guard isHubName, let home else {
            throw FoveaError(
                .model, code: "IO_NOT_FOUND",
                "\(name): no such file or folder; name a model's folder, its weight file, or `demo`")
        }
        let model = "\(home)/hub/models--\(parts[0])--\(parts[1])"
        guard let commit = firstLine(of: model + "/refs/main"),
            commit.utf8.allSatisfy({ ("0123456789abcdef".utf8).contains($0) })
        else {
            throw FoveaError(
                .model, code: "IO_NOT_FOUND",
                "\(name): no such folder, and no such model in the Hugging Face cache under \(home)/hub; "
                    + "download it there or name a folder")
        }
        return "\(model)/snapshots/\(commit)"
    }

    private func firstLine(of path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let commit = text.prefix { !$0.isWhitespace }
        return commit.isEmpty ? nil : String(commit)
    }
}
