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
    ///
    /// Read from the table each time: keep them.
    package var labels: Labels {
        switch self {
        case .imageNet1k: Self.classes(in: "k")
        case .miil21k: Self.classes(in: "m")
        case .imageNet12k: Self.classes(in: "t")
        case .imageNet22k: Self.classes(in: "w")
        case .microsoft22k: Labels(Self.classes(in: "k").labels + Self.classes(in: "w", without: "k").labels)
        case .google21k: Self.classes(in: "g")
        }
    }

    /// The table, a line each class: number, letters of the lists, words.
    private static let table = String(cString: fovea_imagenet_classes())

    /// The classes of a list, those of another left out.
    ///
    /// Byte by byte, and no string is made for other classes: every start of the command with a model of ImageNet waits
    /// for this.
    private static func classes(in list: Unicode.Scalar, without other: Unicode.Scalar? = nil) -> Labels {
        let (list, other) = (UInt8(ascii: list), other.map { UInt8(ascii: $0) })
        var found: [Labels.Label] = []
        for line in table.utf8.split(separator: UInt8(ascii: "\n")) {
            let number = line.prefix { $0 != UInt8(ascii: " ") }
            let rest = line.dropFirst(number.count + 1)
            let letters = rest.prefix { $0 != UInt8(ascii: " ") }
            guard letters.contains(list), !(other.map(letters.contains) ?? false) else { continue }
            let words = rest.dropFirst(letters.count + 1)
            found.append(Labels.Label(String(Substring(number)), description: String(Substring(words))))
        }
        return Labels(found)
    }
}
