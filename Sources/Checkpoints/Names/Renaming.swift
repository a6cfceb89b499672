import Operations

/// Gathers how the tensors of a file are presented under timm's names.
struct Renaming {
    private let checkpoint: any Checkpoint
    /// What the names of the model begin with; tensors outside are not the model's.
    private let prefix: String
    private(set) var tensors: [RenamedTensor] = []
    private(set) var tensorsByName: [String: RenamedTensor] = [:]
    /// Tensors of the file that have found their place.
    private(set) var used: Set<String> = []
    /// What each presented name is called in the file, whether it is there or not.
    private(set) var storedNames: [String: String] = [:]

    init(_ checkpoint: any Checkpoint, prefix: String) {
        (self.checkpoint, self.prefix) = (checkpoint, prefix)
    }

    /// Whether a tensor of the file belongs to something else than this model: an optimizer, a text tower.
    func isForeign(_ stored: String) -> Bool { !stored.hasPrefix(prefix) }

    func tensor(_ name: String) -> RenamedTensor? { tensorsByName[name] }

    /// The shape of a tensor of the file below the prefix.
    func shape(of stored: String) -> Shape? { checkpoint.shape(of: prefix + stored) }

    /// Presents one or more tensors of the file, all of them there, as one; presents nothing where one is missing.
    ///
    /// `rank` counts the axes without that of the layers. Throws MODEL_SHAPE where a tensor has other axes.
    mutating func add(
        _ name: String, from sources: [String], rank: Int, slice: Int? = nil, _ transform: LayoutTransform = .asStored
    ) throws(CheckpointError) {
        let sources = sources.map { prefix + $0 }
        let index = slice.map { "[\($0)]" } ?? ""
        storedNames[name] = sources.map { $0 + index }.joined(separator: " + ")
        var first: TensorLayout?
        var rows = 0
        for source in sources {
            guard let layout = checkpoint.layout(of: source) else { return }
            let skipped = slice == nil ? 0 : 1
            let stored = Shape(Array(layout.shape.dimensions.dropFirst(skipped)))
            guard layout.shape.rank == rank + skipped, slice.map({ $0 < layout.shape[0] }) ?? true,
                let shape = transform.shape(of: stored)
            else {
                throw Self.misshapen(
                    source, layout.shape, "\(rank + skipped) axes\(slice.map { ", at least \($0 + 1) layers" } ?? "")",
                    checkpoint)
            }
            if let first, first.shape.dimensions.dropFirst() != shape.dimensions.dropFirst() {
                throw Self.misshapen(
                    source, layout.shape, "the width of its neighbors, as in \(first.shape)", checkpoint)
            }
            let (sum, overflows) = rows.addingReportingOverflow(shape.dimensions.first ?? 0)
            guard !overflows else {
                throw Self.misshapen(
                    source, layout.shape, "no more rows, with its neighbors', than can be counted", checkpoint)
            }
            rows = sum
            if first == nil { first = TensorLayout(layout.scalarType, shape) }
        }
        guard let first else { return }
        let shape = sources.count == 1 ? first.shape : Shape([rows] + first.shape.dimensions.dropFirst())
        let tensor = RenamedTensor(
            name: name, sources: sources, slice: slice, transform: transform,
            layout: TensorLayout(first.scalarType, shape))
        guard tensorsByName.updateValue(tensor, forKey: name) == nil else { return }
        tensors.append(tensor)
        used.formUnion(sources)
    }

    /// The error for a tensor of the file that cannot be what its name says.
    static func misshapen(
        _ stored: String, _ found: Shape, _ expected: String, _ checkpoint: any Checkpoint
    ) -> CheckpointError {
        CheckpointError(
            .modelShape, file: checkpoint.file, tensor: stored, "has a shape that cannot be used", found: "\(found)",
            expected: expected, next: "check that the file is a whole Vision Transformer")
    }
}
