/// The layout of one file of the program cache.
///
///     bytes  0 ..<  8   magic, "FOVEAPRG"
///     bytes  8 ..< 16   format version
///     bytes 16 ..< 24   K, length of the key
///     bytes 24 ..< 32   P, length of the payload
///     bytes 32 ..< 40   FNV-1a of key and payload
///     then K bytes of key and P bytes of payload, and nothing after them
///
/// Integers are 64 bits, little endian.
package enum ProgramCacheEntry {
    /// Why an entry is not used.
    package enum Rejection: String, Error {
        case notAnEntry = "it is not a cache entry"
        case otherFormat = "its format is another version"
        case wrongLength = "its length is wrong"
        case otherKey = "it belongs to another program, device or driver"
        case damaged = "its checksum is wrong"
    }

    private static let magic = Array("FOVEAPRG".utf8)
    private static let formatVersion: UInt64 = 1
    private static let headerLength = 40

    /// The bytes of a file.
    package static func encode(_ payload: [UInt8], for key: ProgramKey) -> [UInt8] {
        var entry = magic
        entry.reserveCapacity(headerLength + key.bytes.count + payload.count)
        append(formatVersion, to: &entry)
        append(UInt64(key.bytes.count), to: &entry)
        append(UInt64(payload.count), to: &entry)
        append(checksum(key.bytes, payload), to: &entry)
        entry += key.bytes
        entry += payload
        return entry
    }

    /// The payload of a file's bytes, if they are whole and belong to this key.
    package static func payload(of entry: [UInt8], for key: ProgramKey) -> Result<[UInt8], Rejection> {
        guard entry.starts(with: magic), entry.count >= headerLength else { return .failure(.notAnEntry) }
        guard integer(at: 8, of: entry) == formatVersion else { return .failure(.otherFormat) }
        let rest = UInt64(entry.count - headerLength)
        let keyLength = integer(at: 16, of: entry)
        let payloadLength = integer(at: 24, of: entry)
        guard keyLength <= rest, payloadLength == rest - keyLength, payloadLength > 0 else {
            return .failure(.wrongLength)
        }
        let payloadStart = headerLength + Int(keyLength)
        guard entry[headerLength..<payloadStart].elementsEqual(key.bytes) else { return .failure(.otherKey) }
        let payload = Array(entry[payloadStart...])
        guard integer(at: 32, of: entry) == checksum(key.bytes, payload) else { return .failure(.damaged) }
        return .success(payload)
    }

    private static func checksum(_ key: [UInt8], _ payload: [UInt8]) -> UInt64 {
        var hash = FNV1a()
        hash.combine(key)
        hash.combine(payload)
        return hash.value
    }

    private static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        for shift in stride(from: 0, to: 64, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    private static func integer(at offset: Int, of bytes: [UInt8]) -> UInt64 {
        bytes[offset..<(offset + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
