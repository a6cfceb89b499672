/// The 64-bit FNV-1a hash: finds damage, does not withstand malice.
///
/// Each step is a bijection of the state, so that a change of any one byte always changes the result. Fowler, Noll and
/// Vo, RFC 9923.
package struct FNV1a {
    /// The hash of what was combined so far.
    package private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    /// The hash of nothing.
    package init() {}

    /// Continues with more bytes.
    package mutating func combine(_ bytes: some Sequence<UInt8>) {
        for byte in bytes {
            combine(word: UInt64(byte))
        }
    }

    /// Continues with a word in one step: quicker than its bytes, and another hash than theirs.
    package mutating func combine(word: UInt64) {
        value = (value ^ word) &* 0x0000_0100_0000_01b3
    }
}
