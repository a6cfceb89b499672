/// A format of weight files that is read outside this target, by a library that not every program wants.
package struct WeightFormat: Sendable {
    /// What messages call it, such as `HDF5`.
    package let name: String
    /// The bytes that a file begins with.
    package let magic: [UInt8]
    /// Opens a file that begins so.
    package let open: @Sendable (_ path: String) throws(CheckpointError) -> any Checkpoint

    /// Describes a format.
    package init(
        name: String, magic: [UInt8],
        open: @escaping @Sendable (_ path: String) throws(CheckpointError) -> any Checkpoint
    ) {
        self.name = name
        self.magic = magic
        self.open = open
    }
}
