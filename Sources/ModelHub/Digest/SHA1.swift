/// SHA-1, which git names its files by (FIPS 180-4, 6.1).
///
/// It protects from accidents, no longer from adversaries.
enum SHA1 {
    static let initial: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]

    /// Takes whole blocks into the state.
    static func absorb(_ blocks: UnsafeRawBufferPointer, into state: inout [UInt32]) {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { w in
            for start in stride(from: 0, to: blocks.count, by: Digest.blockSize) {
                for t in 0..<16 { w[t] = blocks.word(at: start + 4 * t) }
                for t in 16..<80 { w[t] = (w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16]).rotated(left: 1) }
                var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
                for t in 0..<80 {
                    let (f, k): (UInt32, UInt32) =
                        switch t {
                        case ..<20: (b & c ^ ~b & d, 0x5a82_7999)
                        case ..<40: (b ^ c ^ d, 0x6ed9_eba1)
                        case ..<60: (b & c ^ b & d ^ c & d, 0x8f1b_bcdc)
                        default: (b ^ c ^ d, 0xca62_c1d6)
                        }
                    let next = a.rotated(left: 5) &+ f &+ e &+ k &+ w[t]
                    (a, b, c, d, e) = (next, a, b.rotated(left: 30), c, d)
                }
                for (i, value) in [a, b, c, d, e].enumerated() { state[i] &+= value }
            }
        }
    }
}
