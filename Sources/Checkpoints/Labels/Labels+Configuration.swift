extension Labels {
    /// Reads the labels that a configuration carries; nil where it has none.
    ///
    /// Hugging Face: `id2label`, an object whose keys are 0 to n−1. timm: `label_names` (older: `labels`), a list or such an
    /// object, with `label_descriptions` from name to description, at the top or in `pretrained_cfg`. The names `LABEL_0`,
    /// `LABEL_1`… that transformers writes by itself say nothing and count as none. Throws LABELS_KEYS, LABELS_LIMIT and
    /// CFG_TYPE.
    package init?(_ configuration: Configuration) throws(CheckpointError) {
        let areAtTop = configuration.value("label_names") != nil || configuration.value("labels") != nil
        if !areAtTop, let nested = try configuration.section("pretrained_cfg"), let labels = try Labels(nested) {
            self = labels
        } else if let names = configuration.value("label_names") ?? configuration.value("labels") {
            let field = configuration.value("label_names") == nil ? "labels" : "label_names"
            let names = try Self.names(names, field: field, of: configuration)
            guard !names.isEmpty else { return nil }
            let descriptions = try configuration.section("label_descriptions")
            labels = try names.map { (name) throws(CheckpointError) in
                Label(name, description: try descriptions?.string(name))
            }
        } else if let names = configuration.value("id2label") {
            let names = try Self.names(names, field: "id2label", of: configuration)
            guard names.enumerated().contains(where: { $1 != "LABEL_\($0)" }) else { return nil }
            labels = names.map { Label($0) }
        } else {
            return nil
        }
    }

    private static func names(
        _ json: JSON, field: String, of configuration: Configuration
    ) throws(CheckpointError) -> [String] {
        let names: [JSON]
        switch json {
        case .array(let elements): names = elements
        case .object(let object): names = try ordered(object, field: field, of: configuration)
        default:
            throw configuration.rejecting(
                field, code: .configurationType, expected: "a list of names or an object from index to name")
        }
        return try names.map { (name) throws(CheckpointError) in
            guard let name = name.string else {
                throw configuration.rejecting(
                    field, code: .configurationType, found: name.text().abbreviated(to: 80), expected: "names")
            }
            guard name.utf8.count <= Limit.lineBytes else {
                throw configuration.rejecting(
                    field, code: .labelsLimit, found: "\(name.utf8.count) bytes in a name",
                    expected: "at most \(Limit.lineBytes)")
            }
            return name
        }
    }

    /// The values of an object whose keys are exactly 0 to n−1, by key.
    private static func ordered(
        _ object: JSON.Object, field: String, of configuration: Configuration
    ) throws(CheckpointError) -> [JSON] {
        var values = [JSON?](repeating: nil, count: object.members.count)
        for member in object.members {
            guard let index = Int(member.key), String(index) == member.key, values.indices.contains(index) else {
                throw configuration.rejecting(
                    field, code: .labelsKeys, found: "key '\(member.key.abbreviated(to: 40))'",
                    expected: "the keys 0 to \(object.members.count - 1), each once")
            }
            values[index] = member.value
        }
        return values.compactMap { $0 }
    }
}
