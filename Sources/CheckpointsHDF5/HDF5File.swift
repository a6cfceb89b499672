import CHDF5
package import Checkpoints
package import Operations

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import Darwin
#endif

/// A checkpoint in an HDF5 file, as Keras saves it, read by the libhdf5 of the machine.
///
/// The library is opened when the first such file is, and runs in a child process that copies all floating-point datasets
/// into memory: a file that crashes it ends the child alone. Names are the datasets' paths without the first slash;
/// integers, attributes and an optimizer's state are left out. External links and storage, soft links, virtual datasets,
/// filters other than gzip and shuffle, and elements that are no numbers are refused; sizes are held against what is stored.
package struct HDF5File: Checkpoint {
    /// The path of the file.
    package let file: String
    private let contents: SafeTensors

    /// All names, by group and then in alphabetical order.
    package var names: [String] { contents.names }

    /// Empty: attributes are not read.
    package var metadata: [String: String] { [:] }

    /// Reads a whole file.
    ///
    /// Throws H5_* for a file that is refused or a library that is not there, IO_* where it cannot be read.
    package init(contentsOf path: String) throws(CheckpointError) {
        let original = try InputFile(path)
        file = path
        let descriptor = fovea_hdf5_scratch()
        guard descriptor >= 0 else { throw .system(errno, file: path) }
        let outcome = fovea_hdf5_convert(path, descriptor)
        let converted = try InputFile(adopting: descriptor, named: path)
        if let error = CheckpointError.hdf5(outcome, file: path) { throw error }
        contents = try SafeTensors(.file(converted))
        try original.checkUnchanged()
        guard !contents.names.isEmpty else {
            throw CheckpointError(
                .modelFormat, file: path, "is an HDF5 file without datasets of real numbers",
                next: "name a file that Keras saved weights to")
        }
    }

    /// Encoding and shape of a dataset; nil where there is none of that name.
    package func layout(of name: String) -> TensorLayout? { contents.layout(of: name) }

    /// Gives a dataset as Float and counts what is not finite; throws MODEL_MISSING for a name the file has not.
    package func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        try contents.readCounting(name)
    }

    /// The libhdf5 that was found, such as `libhdf5_serial.so.103`; nil where there is none.
    package static var library: String? { fovea_hdf5_library().map { String(cString: $0) } }
}

extension WeightFormat {
    /// HDF5, whose library is opened with the first such file.
    package static let hdf5 = WeightFormat(
        name: "HDF5", magic: [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A]
    ) { (path) throws(CheckpointError) in try HDF5File(contentsOf: path) }
}
