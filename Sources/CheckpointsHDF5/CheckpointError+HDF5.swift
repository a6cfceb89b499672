package import CHDF5
package import Checkpoints

extension CheckpointError {
    /// What a conversion that did not succeed says; nil for one that did.
    package static func hdf5(_ outcome: fovea_hdf5_outcome, file: String) -> CheckpointError? {
        let object = withUnsafeBytes(of: outcome.object) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let tensor = object.isEmpty ? nil : object
        let again = "the file is damaged, download it again"
        let save = "save the weights again with Keras' save_weights, or as safetensors"
        return switch outcome.status {
        case FOVEA_HDF5_OK: nil
        case FOVEA_HDF5_SYSTEM: .system(outcome.system_error, file: file)
        case FOVEA_HDF5_NO_LIBRARY:
            CheckpointError(
                .hdf5Library, file: file, "is an HDF5 file, and no libhdf5 is installed to read it",
                next: "install it (Debian, Ubuntu: apt install hdf5-tools), or name it with FOVEA_HDF5_LIBRARY")
        case FOVEA_HDF5_OLD_LIBRARY:
            CheckpointError(
                .hdf5Library, file: file, "is an HDF5 file, and the libhdf5 that is installed is too old to read it",
                expected: "1.10 or newer", next: "install a newer one, or name it with FOVEA_HDF5_LIBRARY")
        case FOVEA_HDF5_EXTERNAL:
            CheckpointError(
                .hdf5External, file: file, tensor: tensor,
                "leads elsewhere: external links and storage, virtual datasets and soft links are never followed",
                next: save)
        case FOVEA_HDF5_SIZE:
            CheckpointError(
                .hdf5Size, file: file, tensor: tensor, "is larger than what is stored of it",
                found: "\(outcome.found) bytes", expected: "at most \(outcome.expected)", next: again)
        case FOVEA_HDF5_FILTER:
            CheckpointError(
                .hdf5Filter, file: file, tensor: tensor, "is stored through a filter that is not read",
                found: "filter \(outcome.found)", expected: "none, gzip (1) or shuffle (2)", next: save)
        case FOVEA_HDF5_TYPE:
            CheckpointError(
                .hdf5Type, file: file, tensor: tensor, "does not hold numbers of a known form",
                found: "HDF5 type class \(outcome.found)", expected: "16, 32 or 64-bit floats, or integers", next: save)
        case FOVEA_HDF5_LIMIT:
            CheckpointError(
                .hdf5Limit, file: file, tensor: tensor, "has too many objects, levels or axes, or too long a name",
                found: "\(outcome.found)", expected: "at most \(outcome.expected)", next: save)
        case FOVEA_HDF5_NAME:
            CheckpointError(
                .hdf5Name, file: file, tensor: tensor, "holds a name with a character that no Keras variable has",
                found: "byte \(outcome.found)", expected: "printable ASCII without quotes", next: save)
        case FOVEA_HDF5_CRASHED:
            CheckpointError(
                .hdf5Crashed, file: file, "crashes the HDF5 library (signal \(outcome.signal_number))", next: again)
        case FOVEA_HDF5_TIMEOUT:
            CheckpointError(.hdf5Timeout, file: file, "keeps the HDF5 library busy without end", next: again)
        default:
            CheckpointError(
                .hdf5Truncated, file: file, tensor: tensor,
                "cannot be read by the HDF5 library: it is cut off or damaged",
                next: again)
        }
    }
}
