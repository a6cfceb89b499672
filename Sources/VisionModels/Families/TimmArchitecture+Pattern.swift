import Checkpoints

extension TimmArchitecture {
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

    /// Takes a name of the simplest families apart, `vit_base_patch16_reg4_gap_256`; nil where a part is not known.
    ///
    /// For sizes that timm does not register; what a part changes besides sizes the tensors must show.
    init?(pattern name: String) {
        var parts = name.split(separator: "_").map(String.init)
        guard parts.count >= 2, ["vit", "deit", "deit3"].contains(parts[0]), let size = Self.sizes[parts[1]] else {
            return nil
        }
        parts.removeFirst(2)
        let isDistilled = parts.first == "distilled"
        if isDistilled {
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
        self.init(
            name: name, modelClass: isDistilled ? .distilled : .visionTransformer,
            arguments: pools ? ["global_pool": "avg", "class_token": false] : [:],
            inputSize: InputSize(height: side, width: side), heads: size.heads, width: size.width, isRegistered: false)
    }
}
