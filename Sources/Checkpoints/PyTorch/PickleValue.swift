/// What the opcodes of a pickle can make: data, and tensors that are not read yet.
///
/// Containers are positions in the machine's arena, so that no depth and no cycle of a hostile pickle reaches the stack of
/// whoever frees it.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case real(Double)
    case text(String)
    /// A tuple or a list.
    case list(Int)
    /// A dictionary, ordered or not.
    case dictionary(Int)
    case global(PickleGlobal)
    indirect case storage(PyTorchStorage)
    indirect case tensor(PyTorchTensor)
    /// Something that was asked for by name and never made.
    case inert(String)

    /// What messages call it.
    var kindName: String {
        switch self {
        case .none: "None"
        case .bool: "a truth value"
        case .integer, .real: "a number"
        case .text: "a string"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .global(let global): global.name
        case .storage: "a storage"
        case .tensor: "a tensor"
        case .inert(let name): name
        }
    }
}

/// The names that a pickle may ask for, and the little that each of them does here.
enum PickleGlobal: Hashable {
    /// Makes a dictionary.
    case orderedDictionary
    /// Makes a tensor of a storage, an offset, a shape and strides.
    case rebuildTensor
    /// Makes a tensor of a tensor.
    case rebuildParameter
    /// The type of a storage's elements.
    case storage(ScalarType)
    /// Makes a placeholder, whatever it is given.
    case inert(String)

    /// Finds a name; nil for one that is not allowed.
    init?(module: String, name: String) {
        switch (module, name) {
        case ("collections", "OrderedDict"): self = .orderedDictionary
        case ("torch._utils", "_rebuild_tensor_v2"), ("torch._utils", "_rebuild_tensor"):
            self = .rebuildTensor
        case ("torch._utils", "_rebuild_parameter"): self = .rebuildParameter
        case ("torch", _), ("torch.cuda", _):
            if let type = Self.storages[name] {
                self = .storage(type)
            } else if module == "torch", Self.inertOfTorch.contains(name) {
                self = .inert("torch." + name)
            } else {
                return nil
            }
        default:
            guard Self.inert.contains("\(module).\(name)") else { return nil }
            self = .inert("\(module).\(name)")
        }
    }

    /// What messages call it.
    var name: String {
        switch self {
        case .orderedDictionary: "collections.OrderedDict"
        case .rebuildTensor: "torch._utils._rebuild_tensor_v2"
        case .rebuildParameter: "torch._utils._rebuild_parameter"
        case .storage(let type): "a storage of \(type.rawValue)"
        case .inert(let name): name
        }
    }

    private static let storages: [String: ScalarType] = [
        "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16,
        "DoubleStorage": .float64,
        "LongStorage": .int64, "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8,
        "ByteStorage": .uint8, "BoolStorage": .bool,
    ]

    private static let inertOfTorch: Set<String> = [
        "Size", "device", "float32", "float16", "bfloat16", "float64", "int64", "int32", "int16",
        "int8", "uint8", "bool",
        "strided", "contiguous_format",
    ]

    /// What training code leaves beside the weights: options, numbers of NumPy's, sets, paths.
    private static let inert: Set<String> = [
        "argparse.Namespace", "collections.defaultdict", "collections.Counter", "numpy.dtype",
        "numpy.core.multiarray.scalar", "numpy._core.multiarray.scalar", "_codecs.encode",
        "builtins.set",
        "builtins.frozenset", "builtins.complex", "builtins.slice", "builtins.int", "builtins.float",
        "builtins.dict",
        "builtins.list", "__builtin__.set", "__builtin__.frozenset", "__builtin__.complex",
        "__builtin__.slice",
        "__builtin__.int", "__builtin__.float", "__builtin__.dict", "__builtin__.list", "pathlib.Path",
        "pathlib.PosixPath", "pathlib.WindowsPath",
    ]
}

/// The elements that one or more tensors share, in a member of the archive.
struct PyTorchStorage: Hashable, Sendable {
    /// The member's name below `data/`.
    let key: String
    let scalarType: ScalarType
    /// Number of elements.
    let count: Int
}

/// A view of a storage, held against the storage's length when it was made.
struct PyTorchTensor: Sendable {
    let storage: PyTorchStorage
    /// The first element.
    let offset: Int
    let shape: [Int]
    /// How many elements lie between neighbors along each axis.
    let strides: [Int]

    /// The elements of the storage from the first that is used to the last.
    var range: Range<Int> {
        guard !shape.contains(0) else { return offset..<offset }
        return offset..<(offset + zip(shape, strides).reduce(0) { $0 + ($1.0 - 1) * $1.1 } + 1)
    }

    /// Whether the elements lie row-major and without gaps.
    var isContiguous: Bool {
        var stride = 1
        for (length, found) in zip(shape, strides).reversed() where length != 1 {
            guard found == stride else { return false }
            stride *= length
        }
        return true
    }

    /// The most elements that a view may have beyond those of its storage.
    static let expansionLimit = 1 << 20

    /// Makes a view; nil where it leaves the storage or repeats it without end.
    init?(_ storage: PyTorchStorage, offset: Int, shape: [Int], strides: [Int]) {
        guard shape.count == strides.count, shape.count <= SafeTensorsHeader.Limit.axes, offset >= 0,
            shape.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 })
        else { return nil }
        var (count, last) = (1, offset)
        for (length, stride) in zip(shape, strides) {
            // Zeros left out, so that no product overflows later either.
            let (product, productOverflows) = count.multipliedReportingOverflow(by: max(length, 1))
            let (reach, reachOverflows) = max(length - 1, 0).multipliedReportingOverflow(by: stride)
            let (end, endOverflows) = last.addingReportingOverflow(reach)
            guard !productOverflows, !reachOverflows, !endOverflows else { return nil }
            (count, last) = (product, end)
        }
        guard
            shape.contains(0)
                || (last < storage.count && count <= max(storage.count, Self.expansionLimit))
        else {
            return nil
        }
        (self.storage, self.offset, self.shape, self.strides) = (storage, offset, shape, strides)
    }
}
