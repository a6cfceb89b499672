import ImageNetClasses

/// A list of ImageNet's classes, which a timm model means when it names none.
///
/// timm tells the lists apart by their number of classes alone (huggingface/pytorch-image-models,
/// `timm/data/imagenet_info.py`), and so does this type: the raw value is that number.
package enum ImageNetList: Int, CaseIterable, Sendable {
    /// ILSVRC 2012.
    case imageNet1k = 1000
    /// MIIL's part of 21k of Fall 2011, arXiv:2104.10972.
    case miil21k = 11_221
    /// timm's part of 22k.
    case imageNet12k = 11_821
    /// Fall 2011, whole.
    case imageNet22k = 21_841
    /// Microsoft's order of 22k: ImageNet-1k, then all others.
    case microsoft22k = 21_842
    /// Google's, of AugReg and others.
    case google21k = 21_843

    /// All classes in the order of the logits, the WordNet number as name and its words as description.
    package var labels: Labels {
        switch self {
        case .imageNet1k: Self.labels("k")
        case .miil21k: Self.labels("m")
        case .imageNet12k: Self.labels("t")
        case .imageNet22k: Self.labels("w")
        case .microsoft22k: Labels(Self.labels("k").labels + Self.labels("w", without: "k").labels)
        case .google21k: Self.labels("g")
        }
    }

    /// A line of the table.
    private struct Class: Sendable {
        let lists: Substring
        let label: Labels.Label
    }

    /// All classes of all lists, by number; read when first used.
    private static let classes = String(cString: fovea_imagenet_classes()).split(separator: "\n").map { line in
        let parts = line.split(separator: " ", maxSplits: 2)
        return Class(lists: parts[1], label: Labels.Label(String(parts[0]), description: String(parts[2])))
    }

    /// The classes of a list, those of another left out.
    private static func labels(_ list: Character, without other: Character? = nil) -> Labels {
        Labels(
            classes.filter { one in one.lists.contains(list) && !(other.map(one.lists.contains) ?? false) }.map(\.label)
        )
    }
}
