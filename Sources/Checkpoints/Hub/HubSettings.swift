#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// What the environment says of the Hugging Face hub, in the variables of its own tools.
///
/// huggingface/huggingface_hub, src/huggingface_hub/constants.py.
package struct HubSettings: Sendable {
    /// Where models lie: `HF_HUB_CACHE`, else `HUGGINGFACE_HUB_CACHE`, else `HF_HOME/hub`, else
    /// `XDG_CACHE_HOME/huggingface/hub`, else `~/.cache/huggingface/hub`; nil without a home.
    package let cacheFolder: String?
    /// Where the hub is, without a slash at the end: `HF_ENDPOINT`, else https://huggingface.co.
    package let endpoint: String
    /// Whether `HF_HUB_OFFLINE` forbids the network.
    package let isOffline: Bool
    /// The proxy on the way there; an error where the environment names one that makes no sense.
    package let proxy: Result<HubProxy?, CheckpointError>
    private let tokenText: String?
    private let tokenPath: String?

    /// Reads the environment; `variable` takes its place in tests.
    package init(_ variable: (String) -> String? = Self.environmentVariable) {
        let userHome = variable("HOME")
        func path(_ name: String) -> String? {
            guard let path = variable(name), !path.isEmpty else { return nil }
            guard path == "~" || path.hasPrefix("~/"), let userHome else { return path }
            return userHome + path.dropFirst()
        }
        let home =
            path("HF_HOME")
            ?? (path("XDG_CACHE_HOME") ?? userHome.map { $0 + "/.cache" }).map { $0 + "/huggingface" }
        cacheFolder = path("HF_HUB_CACHE") ?? path("HUGGINGFACE_HUB_CACHE") ?? home.map { $0 + "/hub" }
        tokenPath = path("HF_TOKEN_PATH") ?? home.map { $0 + "/token" }
        tokenText = variable("HF_TOKEN") ?? variable("HUGGING_FACE_HUB_TOKEN")
        let endpoint = variable("HF_ENDPOINT").flatMap { $0.isEmpty ? nil : $0 } ?? "https://huggingface.co"
        self.endpoint = endpoint.hasSuffix("/") ? String(endpoint.dropLast()) : endpoint
        proxy = Result { () throws(CheckpointError) in try HubProxy.settings(for: endpoint, variable) }
        isOffline = ["1", "ON", "YES", "TRUE"].contains(variable("HF_HUB_OFFLINE")?.uppercased() ?? "")
    }

    /// The token of `HF_TOKEN`, else of the file that `HF_TOKEN_PATH` names, else of `HF_HOME/token`; nil where there is none.
    ///
    /// Throws HUB_SETTINGS where it holds what no token has; the message never shows it.
    package func token() throws(CheckpointError) -> String? {
        let fromFile = tokenText == nil ? tokenPath.flatMap { HubCache.firstLine(of: $0) } : nil
        guard let text = tokenText ?? fromFile else { return nil }
        let token = text.drop { $0.isWhitespace }.prefix { !$0.isNewline && $0 != " " }
        guard !token.isEmpty else { return nil }
        // Anything else would become part of the request.
        guard token.utf8.count < 1024, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CheckpointError(
                .hubSettings, file: tokenText == nil ? tokenPath ?? "token" : "HF_TOKEN",
                "holds characters that no token has", next: "copy the token again")
        }
        return String(token)
    }

    /// A variable of this process.
    package static func environmentVariable(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
