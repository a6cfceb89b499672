/// What opcodes make.
extension PickleMachine {
    mutating func setItems(_ items: [PickleValue]) throws(CheckpointError) {
        guard items.count.isMultiple(of: 2) else { throw unsound("sets a key without a value") }
        switch try top() {
        case .dictionary(let index):
            for position in stride(from: 0, to: items.count, by: 2) {
                dictionaries[index].append((items[position], items[position + 1]))
            }
        case .inert: break
        default: throw unsound("sets items of something that has none")
        }
    }

    mutating func appendItems(_ items: [PickleValue]) throws(CheckpointError) {
        switch try top() {
        case .list(let index): lists[index] += items
        case .inert: break
        default: throw unsound("appends to something that is no list")
        }
    }

    /// Calls nothing: makes what an allowed name stands for.
    mutating func reduce() throws(CheckpointError) {
        let call = try pop(2)
        guard case .list(let index) = call[1] else {
            throw unsound("calls something without arguments")
        }
        let arguments = lists[index]
        switch call[0] {
        case .global(.inert(let name)): stack.append(.inert(name))
        case .global(.orderedDictionary):
            guard arguments.isEmpty else { throw unsound("fills a dictionary as it makes it") }
            stack.append(newDictionary())
        case .global(.rebuildTensor): stack.append(.tensor(try tensor(arguments)))
        case .global(.rebuildParameter):
            guard case .tensor(let tensor)? = arguments.first else {
                throw unsound("makes a parameter of no tensor")
            }
            stack.append(.tensor(tensor))
        default:
            throw CheckpointError(
                .pyTorchReduce, file: file, "calls something that is no function of tensors",
                found: call[0].kindName.abbreviated(to: 100), expected: "tensors alone",
                next: "save the model's state_dict with torch.save, or as safetensors")
        }
    }

    /// The state of an object, of which nothing is kept: PyTorch leaves `_metadata` at a state_dict.
    mutating func build() throws(CheckpointError) {
        _ = try pop(1)
        switch try top() {
        case .dictionary, .inert: break
        default:
            throw CheckpointError(
                .pyTorchReduce, file: file, "gives a state to something that has none",
                found: try top().kindName,
                next: "save the model's state_dict with torch.save, or as safetensors")
        }
    }

    /// `('storage', type, key, location, count)`.
    func storage(_ identifier: PickleValue) throws(CheckpointError) -> PickleValue {
        guard case .list(let index) = identifier, lists[index].count == 5,
            case .text("storage") = lists[index][0],
            case .global(.storage(let type)) = lists[index][1], case .text(let key) = lists[index][2],
            case .integer(let count) = lists[index][4], count >= 0, count <= Int.max / 8
        else { throw unsound("refers to a storage in an unknown way") }
        guard key.isPlainFileName, !key.utf8.contains(UInt8(ascii: "\\")), key.utf8.count <= 64 else {
            throw CheckpointError(
                .pyTorchStorage, file: file, "names a storage outside its archive",
                found: "'\(key.abbreviated(to: 80))'", next: "do not use this file")
        }
        return .storage(PyTorchStorage(key: key, scalarType: type, count: count))
    }

    /// `(storage, offset, shape, strides, …)`.
    private func tensor(_ arguments: [PickleValue]) throws(CheckpointError) -> PyTorchTensor {
        guard arguments.count >= 4, case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1],
            case .list(let lengths) = arguments[2], case .list(let steps) = arguments[3]
        else { throw unsound("makes a tensor of something else than a storage") }
        func integers(_ values: [PickleValue]) throws(CheckpointError) -> [Int] {
            guard values.count <= SafeTensorsHeader.Limit.axes else {
                throw unsound("has a tensor of \(values.count) axes")
            }
            return try values.map { (value) throws(CheckpointError) in
                guard case .integer(let integer) = value else {
                    throw unsound("has a shape that is no list of lengths")
                }
                return integer
            }
        }
        let (shape, strides) = (try integers(lists[lengths]), try integers(lists[steps]))
        guard let tensor = PyTorchTensor(storage, offset: offset, shape: shape, strides: strides) else {
            throw CheckpointError(
                .pyTorchStride, file: file, "has a tensor that reaches outside its storage or repeats it",
                found: "shape \(shape), strides \(strides), offset \(offset)",
                expected: "\(storage.count) elements",
                next: "the file is damaged, download it again")
        }
        return tensor
    }
}
