/// How the binary of a program is changed before it runs: for instructions that the driver's compiler cannot write.
package struct BinaryRewriting: Sendable {
    /// Its name, a part of the cache's key; changes with what it does.
    package let name: String
    /// Bytes of local memory that its kernels may take, where the device tells less than its driver gives.
    package let localMemory: Int
    /// The binary to run for the one that the driver compiled, or why there is none.
    package let rewrite: @Sendable (_ binary: [UInt8]) throws(OpenCLError) -> [UInt8]

    /// Names a change.
    package init(
        name: String, localMemory: Int, rewrite: @escaping @Sendable (_ binary: [UInt8]) throws(OpenCLError) -> [UInt8]
    ) {
        (self.name, self.localMemory, self.rewrite) = (name, localMemory, rewrite)
    }
}
