package import Operations

/// A checkpoint presented under timm's names and in PyTorch's layout, each tensor rearranged when it is read.
///
/// Tensors that the format's names do not cover stay there under their own names, so that whoever loads a model is told of
/// them.
package struct RenamedCheckpoint: Checkpoint {
    /// All names: timm's, in timm's order, then those that were not understood.
    package let names: [String]
    /// What the file's conventions say about the model.
    package let facts: CheckpointFacts
    private let base: any Checkpoint
    private let tensors: [String: RenamedTensor]
    private let storedNames: [String: String]
    private let notUnderstood: Set<String>

    init(_ base: any Checkpoint, _ renaming: Renaming, facts: CheckpointFacts) {
        let others = base.names.filter { name in
            !renaming.used.contains(name) && !renaming.isForeign(name) && renaming.tensor(name) == nil
        }
        self.base = base
        self.facts = facts
        names = renaming.tensors.map(\.name) + others
        notUnderstood = Set(others)
        tensors = renaming.tensorsByName
        storedNames = renaming.storedNames
    }

    /// The path of the file.
    package var file: String { base.file }

    /// The strings of the file.
    package var metadata: [String: String] { base.metadata }

    /// The file's own names of what a tensor is made of.
    package func storedName(of name: String) -> String? { storedNames[name] }

    /// Encoding and presented shape of a tensor; nil where there is none of that name.
    package func layout(of name: String) -> TensorLayout? {
        if let tensor = tensors[name] { return tensor.layout }
        return notUnderstood.contains(name) ? base.layout(of: name) : nil
    }

    /// Reads a tensor, rearranged; throws as the file's own format does.
    package func readCounting(
        _ name: String
    ) throws(CheckpointError) -> (tensor: HostTensor, nonFinite: NonFiniteCount) {
        guard let tensor = tensors[name] else {
            guard notUnderstood.contains(name) else { throw missing(name) }
            return try base.readCounting(name)
        }
        var values: [Float] = []
        var nonFinite = NonFiniteCount()
        for source in tensor.sources {
            let part =
                if let slice = tensor.slice { try base.readCounting(source, slice: slice) } else {
                    try base.readCounting(source)
                }
            let rearranged = tensor.transform.apply(to: part.tensor)
            if part.nonFinite.count > 0 {
                let found = NonFiniteCount(of: rearranged)
                let first = nonFinite.firstIndex ?? found.firstIndex.map { $0 + values.count }
                nonFinite = NonFiniteCount(count: nonFinite.count + found.count, firstIndex: first)
            }
            if tensor.sources.count == 1 { values = rearranged } else { values += rearranged }
        }
        return (HostTensor(tensor.layout.shape, values), nonFinite)
    }
}

/// One tensor as it is presented, and what it is made of.
struct RenamedTensor: Sendable {
    let name: String
    /// Tensors of the file that follow each other along the first axis.
    let sources: [String]
    /// Position along the sources' first axis, where they hold all layers.
    let slice: Int?
    let transform: LayoutTransform
    let layout: TensorLayout
}
