import Checkpoints

/// A timm architecture name of this family, taken apart: `vit_base_patch16_reg4_gap_256`.
///
/// A part that is not known makes the name foreign: `vit_base_patch16_rpn_224` has the tensors of a plain ViT and other
/// arithmetic.
struct Architecture {
    /// Side of the picture that the name ends with; 224 where it does not say.
    let inputSide: Int
    /// Whether the name says that patches are pooled.
    let poolsByDefault: Bool
    private let name: String
    private let size: Size

    /// Width and number of heads of a named size.
    private struct Size {
        let width: Int
        let heads: Int
    }

    private static let sizes: [String: Size] = [
        "tiny": Size(width: 192, heads: 3), "wee": Size(width: 256, heads: 4), "little": Size(width: 320, heads: 5),
        "small": Size(width: 384, heads: 6), "medium": Size(width: 512, heads: 8),
        "mediumd": Size(width: 512, heads: 8), "betwixt": Size(width: 640, heads: 10),
        "base": Size(width: 768, heads: 12), "so150m": Size(width: 896, heads: 14),
        "so150m2": Size(width: 832, heads: 13), "large": Size(width: 1024, heads: 16),
        "so400m": Size(width: 1152, heads: 16), "huge": Size(width: 1280, heads: 16),
        "giant": Size(width: 1408, heads: 16), "gigantic": Size(width: 1664, heads: 16),
    ]

    /// Takes a name apart; nil where it is not of this family.
    init?(_ name: String) {
        var parts = name.split(separator: "_").map(String.init)
        guard parts.count >= 2, ["vit", "deit", "deit3"].contains(parts[0]), let size = Self.sizes[parts[1]] else {
            return nil
        }
        parts.removeFirst(2)
        if parts.first == "distilled" {
            guard name.hasPrefix("deit_") else { return nil }
            parts.removeFirst()
        }
        guard let patch = parts.first, patch.hasPrefix("patch"), Int(patch.dropFirst(5)) != nil else { return nil }
        var (side, pools) = (224, false)
        for part in parts.dropFirst() {
            switch part {
            case "gap": pools = true
            case "reg1", "reg2", "reg4", "reg8", "miil": break
            default:
                guard let number = Int(part), number > 0 else { return nil }
                side = number
            }
        }
        (self.name, self.size, inputSide, poolsByDefault) = (name, size, side, pools)
    }

    /// The number of heads, if the model has the width that the name promises.
    func heads(forWidth width: Int, file: String) throws(CheckpointError) -> Int {
        guard width == size.width else {
            throw CheckpointError(
                .configurationHeads, file: file, "does not say how many heads the model has",
                found: "width \(width) for \(name)", expected: "width \(size.width), or num_heads in model_args",
                next: "give it with --heads")
        }
        return size.heads
    }
}
