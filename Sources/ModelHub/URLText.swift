/// The few things that are asked of an address.
package enum URLText {
    /// Scheme, host and port, in lower case: what a token is bound to.
    package static func origin(of url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        let rest = url[scheme.upperBound...]
        let authority = rest.prefix { !"/?#\\".contains($0) }
        return (url[..<scheme.upperBound] + authority).lowercased()
    }

    /// Where a `Location` leads from an address; nil for a scheme other than HTTP, or from HTTPS to HTTP.
    package static func resolve(_ location: String, from url: String) -> String? {
        let target: String
        if location.hasPrefix("//") {
            target = url.prefix { $0 != "/" } + location
        } else if location.hasPrefix("/") {
            target = origin(of: url) + location
        } else {
            target = location
        }
        let lowered = target.lowercased()
        guard lowered.hasPrefix("https://") || lowered.hasPrefix("http://") && !url.lowercased().hasPrefix("https://")
        else { return nil }
        return target
    }

    /// Text as one component of a path.
    package static func escape(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return text.utf8.reduce(into: "") { escaped, byte in
            let isLetter = (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z")
            if isLetter || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") || "-._~".utf8.contains(byte) {
                escaped.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                escaped += "%"
                escaped.append(digits[Int(byte >> 4)])
                escaped.append(digits[Int(byte & 15)])
            }
        }
    }
}
