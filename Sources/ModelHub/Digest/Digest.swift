import Checkpoints

/// A digest of bytes that come in pieces (FIPS 180-4): what the hub names its files by.
package struct Digest {
    /// Which function, by the length of its result.
    package enum Algorithm: Sendable {
        /// 40 hexadecimal digits.
        case sha1
        /// 64 hexadecimal digits.
        case sha256
    }

    static let blockSize = 64

    private let algorithm: Algorithm
    private var state: [UInt32]
    /// What came behind the last whole block.
    private var pending: [UInt8] = []
    private var count: UInt64 = 0

    package init(_ algorithm: Algorithm) {
        self.algorithm = algorithm
        state = algorithm == .sha1 ? SHA1.initial : SHA256.initial
        pending.reserveCapacity(2 * Self.blockSize)
    }

    /// Takes the next bytes.
    package mutating func update(_ bytes: UnsafeRawBufferPointer) {
        count += UInt64(bytes.count)
        var bytes = bytes[...]
        if !pending.isEmpty {
            let missing = bytes.prefix(Self.blockSize - pending.count)
            pending += missing
            bytes = bytes.dropFirst(missing.count)
            guard pending.count == Self.blockSize else { return }
            pending.withUnsafeBytes { absorb($0, &state) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = bytes.prefix(bytes.count / Self.blockSize * Self.blockSize)
        absorb(UnsafeRawBufferPointer(rebasing: whole), &state)
        pending += bytes.dropFirst(whole.count)
    }

    /// Takes the next bytes.
    package mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all that came, in lower-case hexadecimal digits.
    package consuming func finish() -> String {
        let bits = count * 8
        let padding = (2 * Self.blockSize - 9 - pending.count) % Self.blockSize
        let end = (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) }
        update([0x80] + [UInt8](repeating: 0, count: padding) + end)
        return state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    private func absorb(_ blocks: UnsafeRawBufferPointer, _ state: inout [UInt32]) {
        guard !blocks.isEmpty else { return }
        switch algorithm {
        case .sha1: SHA1.absorb(blocks, into: &state)
        case .sha256: SHA256.absorb(blocks, into: &state)
        }
    }
}

extension Digest {
    /// The digest that a hub's name for a file's content asks for.
    ///
    /// A large file is named by its SHA-256, a small one as git names it: by the SHA-1 of its length and itself. Nil for a
    /// name that is neither.
    package init?(named name: String, size: Int) {
        guard name.isHexadecimal else { return nil }
        switch name.utf8.count {
        case 64: self.init(.sha256)
        case 40:
            self.init(.sha1)
            update(Array("blob \(size)\0".utf8))
        default: return nil
        }
    }
}

extension UInt32 {
    /// The bits moved to the left, those that fall out coming back at the right.
    @inline(__always)
    func rotated(left count: UInt32) -> UInt32 { self &<< count | self &>> (32 &- count) }
}

extension UnsafeRawBufferPointer {
    /// The big-endian word at a place.
    @inline(__always)
    func word(at offset: Int) -> UInt32 { UInt32(bigEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
}
