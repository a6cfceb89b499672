/// What a device can do at most, as measured on it: the two ceilings of Williams, Waterman and Patterson, CACM 52(4), 2009.
package struct Roofline: Sendable, Hashable {
    /// Float32 operations a second, a multiply-add as two.
    package let flopPerSecond: Double
    /// Bytes a second from memory that no cache holds.
    package let bytesPerSecond: Double

    /// Both ceilings; each above 0.
    package init(flopPerSecond: Double, bytesPerSecond: Double) {
        precondition(flopPerSecond > 0 && bytesPerSecond > 0, "a roofline of nothing")
        (self.flopPerSecond, self.bytesPerSecond) = (flopPerSecond, bytesPerSecond)
    }

    /// The least seconds in which so many operations and bytes can be done: each ceiling holds by itself.
    ///
    /// A kernel may be faster where caches hold what it reads.
    package func leastSeconds(flop: Double, bytes: Double) -> Double {
        max(flop / flopPerSecond, bytes / bytesPerSecond)
    }
}
