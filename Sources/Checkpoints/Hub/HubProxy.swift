/// A proxy that requests go through, as `HTTPS_PROXY` and its like name it.
package struct HubProxy: Sendable {
    /// Its name or address.
    package let host: String
    /// Its port.
    package let port: Int
    /// Name and password; nil where it asks for none.
    package let credentials: (user: String, password: String)?

    /// Reads `[http://][USER:PASSWORD@]HOST[:PORT]`; nil for anything else.
    init?(_ text: String) {
        var rest = text[...]
        if let scheme = rest.firstRange(of: "://") {
            guard rest[..<scheme.lowerBound].lowercased() == "http" else { return nil }
            rest = rest[scheme.upperBound...]
        }
        rest = rest.prefix { $0 != "/" }
        credentials = rest.lastIndex(of: "@").map { at in
            let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            return (Self.unescaped(parts[0]), parts.count == 2 ? Self.unescaped(parts[1]) : "")
        }
        if let at = rest.lastIndex(of: "@") { rest = rest[rest.index(after: at)...] }
        let parts = rest.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count <= 2, !parts[0].isEmpty, let port = parts.count == 2 ? Int(parts[1]) : 80, 1...65535 ~= port
        else { return nil }
        (host, self.port) = (String(parts[0]), port)
    }

    /// The proxy that the environment names for an address; nil where there is none, or `NO_PROXY` names the host.
    static func settings(for url: String, _ variable: (String) -> String?) throws(CheckpointError) -> HubProxy? {
        let isSecure = url.lowercased().hasPrefix("https://")
        let names =
            (isSecure ? ["https_proxy", "HTTPS_PROXY"] : ["http_proxy", "HTTP_PROXY"]) + ["all_proxy", "ALL_PROXY"]
        guard let name = names.first(where: { !(variable($0) ?? "").isEmpty }), let text = variable(name) else {
            return nil
        }
        let host = url.split(separator: "/").dropFirst().first.map { $0.prefix { $0 != ":" }.lowercased() } ?? ""
        let exceptions = (variable("no_proxy") ?? variable("NO_PROXY") ?? "").lowercased().split(separator: ",")
        let isExcepted = exceptions.contains { exception in
            let name = exception.filter { $0 != " " }.drop { $0 == "." || $0 == "*" }
            return exception.contains("*") && name.isEmpty
                || !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
        if isExcepted { return nil }
        guard let proxy = HubProxy(text) else {
            throw CheckpointError(
                .hubSettings, file: name, "names no proxy that Fovea can use", expected: "http://HOST:PORT",
                next: "correct or unset it")
        }
        return proxy
    }

    private static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
