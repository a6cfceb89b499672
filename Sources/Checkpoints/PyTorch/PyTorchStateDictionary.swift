/// The named tensors in what a pickle made.
struct PyTorchStateDictionary {
    /// Names and tensors, in the order of the file.
    let tensors: [(name: String, tensor: PyTorchTensor)]
    /// What was taken off every name; empty for nothing.
    let prefix: String

    /// The keys under which training code keeps a model's weights, in timm's order: an average of the weights comes first.
    private static let wrappers = [
        "state_dict_ema", "model_ema", "state_dict", "model", "model_state", "model_state_dict",
        "module",
    ]

    /// What wrappers of a model put before every name.
    private static let prefixes = ["module.", "_orig_mod."]

    init(_ value: PickleValue, of machine: PickleMachine, file: String) throws(CheckpointError) {
        var value = value
        var path: [String] = []
        while case .dictionary(let index) = value, path.count < 4 {
            let items = machine.dictionaries[index]
            guard let wrapper = Self.wrapper(in: items, machine) else { break }
            path.append(wrapper.key)
            value = wrapper.value
        }
        guard case .dictionary(let index) = value else {
            throw CheckpointError(
                .pyTorchLayout, file: file, "holds no state_dict", found: value.kindName,
                expected: "a dictionary of tensors", next: "save the model's state_dict with torch.save")
        }
        var tensors: [(name: String, tensor: PyTorchTensor)] = []
        var names: Set<String> = []
        for case (.text(let name), .tensor(let tensor)) in machine.dictionaries[index] {
            guard names.insert(name).inserted, name.utf8.count <= SafeTensorsHeader.Limit.nameBytes else {
                throw CheckpointError(
                    .pyTorchLayout, file: file, tensor: name, "comes twice, or has too long a name",
                    next: "do not use this file")
            }
            tensors.append((name, tensor))
        }
        guard !tensors.isEmpty else {
            let keys = machine.dictionaries[index].prefix(5).map { item in
                if case .text(let key) = item.key {
                    "'\(key.abbreviated(to: 60))'"
                } else {
                    item.key.kindName
                }
            }
            throw CheckpointError(
                .pyTorchLayout, file: file, "holds no tensors where a state_dict is looked for",
                found: keys.isEmpty ? "nothing" : "the keys \(keys.joined(separator: ", "))",
                expected: "tensors, alone or under \(Self.wrappers.joined(separator: ", "))",
                next: "save the model's state_dict with torch.save")
        }
        let prefix =
            Self.prefixes.first { prefix in tensors.allSatisfy { $0.name.hasPrefix(prefix) } } ?? ""
        self.prefix = prefix
        self.tensors = tensors.map { (String($0.name.dropFirst(prefix.count)), $0.tensor) }
    }

    private static func wrapper(
        in items: [(key: PickleValue, value: PickleValue)], _ machine: PickleMachine
    ) -> (key: String, value: PickleValue)? {
        for wrapper in wrappers {
            for case (.text(wrapper), .dictionary(let index)) in items
            where !machine.dictionaries[index].isEmpty {
                return (wrapper, .dictionary(index))
            }
        }
        return nil
    }
}
