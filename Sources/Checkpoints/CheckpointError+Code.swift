extension CheckpointError {
    /// The stable names of everything that can be wrong with a model's files.
    package enum Code: String, Hashable, Sendable, CaseIterable {
        // safetensors
        case safeTensorsShort = "ST_SHORT"
        case safeTensorsHeaderTooLarge = "ST_HEADER_TOO_LARGE"
        case safeTensorsTruncated = "ST_TRUNCATED"
        case safeTensorsHeaderStart = "ST_HEADER_START"
        case notSafeTensors = "ST_NOT_SAFETENSORS"
        case safeTensorsUTF8 = "ST_UTF8"
        case safeTensorsJSON = "ST_JSON"
        case safeTensorsDuplicate = "ST_DUPLICATE"
        case safeTensorsDepth = "ST_JSON_DEPTH"
        case safeTensorsLimit = "ST_LIMIT"
        case safeTensorsField = "ST_FIELD"
        case safeTensorsScalarType = "ST_DTYPE"
        case safeTensorsShape = "ST_SHAPE"
        case safeTensorsOverflow = "ST_OVERFLOW"
        case safeTensorsOffset = "ST_OFFSET"
        case safeTensorsSize = "ST_SIZE"
        case safeTensorsOverlap = "ST_OVERLAP"
        case safeTensorsHole = "ST_HOLE"
        case safeTensorsMetadata = "ST_METADATA"
        /// A shard's path leaves the folder of the index, or the shard is not there.
        case safeTensorsIndexPath = "ST_INDEX_PATH"
        /// The index says something that its shards contradict.
        case safeTensorsIndex = "ST_INDEX"

        // A model's tensors as a whole
        case modelMissing = "MODEL_MISSING"
        case modelShape = "MODEL_SHAPE"
        case modelUnexpected = "MODEL_UNEXPECTED"
        case modelNonFinite = "MODEL_NONFINITE"
        /// Weights in a format that is not read, or no weights where they were looked for.
        case modelFormat = "MODEL_FORMAT"

        // config.json and its neighbors
        case configurationMissing = "CFG_MISSING"
        case configurationJSON = "CFG_JSON"
        case configurationLimit = "CFG_LIMIT"
        case configurationArchitecture = "CFG_ARCH"
        case configurationHeads = "CFG_HEADS"
        case configurationPatch = "CFG_PATCH"
        case configurationTensorMismatch = "CFG_TENSOR_MISMATCH"
        case configurationActivation = "CFG_ACT"
        case configurationEpsilon = "CFG_EPS"
        case configurationNormalization = "CFG_NORM"
        case configurationLabels = "CFG_LABELS"
        case configurationType = "CFG_TYPE"
        case configurationMemory = "CFG_MEMORY"
        case configurationShape = "CFG_SHAPE"
        case configurationUTF8 = "CFG_UTF8"
        case configurationNumber = "CFG_NUMBER"

        /// What the user says of a model is not what its files say, or does not suit it.
        case option = "OPTION"

        // Labels
        case labelsCount = "LABELS_COUNT"
        case labelsKeys = "LABELS_KEYS"
        case labelsUTF8 = "LABELS_UTF8"
        case labelsLimit = "LABELS_LIMIT"

        // NumPy arrays
        case numPyMagic = "NPY_MAGIC"
        case numPyVersion = "NPY_VERSION"
        case numPyHeader = "NPY_HEADER"
        case numPyObject = "NPY_OBJECT"
        case numPyScalarType = "NPY_DTYPE"
        case numPyOverflow = "NPY_OVERFLOW"
        case numPySize = "NPY_SIZE"

        // Zip archives, which NumPy and PyTorch write
        case zipTruncated = "ZIP_TRUNCATED"
        case zipLimit = "ZIP_LIMIT"
        case zip64 = "ZIP_ZIP64"
        case zipEncrypted = "ZIP_ENCRYPTED"
        case zipMethod = "ZIP_METHOD"
        /// The directory says something that a member's own header contradicts.
        case zipMismatch = "ZIP_MISMATCH"
        case zipOverlap = "ZIP_OVERLAP"
        case zipRatio = "ZIP_RATIO"
        case zipName = "ZIP_NAME"
        case zipDuplicate = "ZIP_DUP"
        case zipChecksum = "ZIP_CRC"
        case zipData = "ZIP_DATA"

        // PyTorch files
        /// Written before PyTorch's files were zip archives.
        case pyTorchLegacy = "PTH_LEGACY"
        case pyTorchScript = "PTH_SCRIPT"
        case pyTorchOpcode = "PTH_OPCODE"
        case pyTorchGlobal = "PTH_GLOBAL"
        case pyTorchReduce = "PTH_REDUCE"
        case pyTorchStack = "PTH_STACK"
        case pyTorchStorage = "PTH_STORAGE"
        case pyTorchStride = "PTH_STRIDE"
        case pyTorchSize = "PTH_SIZE"
        case pyTorchZip = "PTH_ZIP"
        case pyTorchEndian = "PTH_ENDIAN"
        case pyTorchScalarType = "PTH_DTYPE"
        /// A pickle without a state_dict where one is looked for.
        case pyTorchLayout = "PTH_LAYOUT"

        // HDF5 files
        /// No libhdf5, or one that is too old.
        case hdf5Library = "H5_LIBRARY"
        case hdf5External = "H5_EXTERNAL"
        case hdf5Size = "H5_SIZE"
        case hdf5Filter = "H5_FILTER"
        case hdf5Type = "H5_TYPE"
        case hdf5Limit = "H5_LIMIT"
        case hdf5Name = "H5_NAME"
        case hdf5Truncated = "H5_TRUNCATED"
        /// The file ended the process that libhdf5 ran in.
        case hdf5Crashed = "H5_CRASHED"
        case hdf5Timeout = "H5_TIMEOUT"

        // The hub
        /// No such model or revision there.
        case hubNotFound = "HUB_NOT_FOUND"
        /// Private, or gated, and the token does not open it.
        case hubDenied = "HUB_DENIED"
        /// A variable of the environment that makes no sense.
        case hubSettings = "HUB_SETTINGS"
        /// Not reached, cut off, or answered with a status that is none of these.
        case hubNetwork = "HUB_NETWORK"
        /// An answer that says less than it must, or names what nobody should write.
        case hubAnswer = "HUB_ANSWER"
        case hubSize = "HUB_SIZE"
        case hubChecksum = "HUB_CHECKSUM"

        // The file system
        case fileNotFound = "IO_NOT_FOUND"
        case notRegularFile = "IO_NOT_FILE"
        case permissionDenied = "IO_PERM"
        case fileChanged = "IO_CHANGED"
        case readFailed = "IO_READ"
        case writeFailed = "IO_WRITE"
        case noSpaceLeft = "IO_SPACE"
        /// Another process is writing the file.
        case fileBusy = "IO_BUSY"
    }
}
