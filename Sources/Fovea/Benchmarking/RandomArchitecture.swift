import Operations
import VisionModels

/// The sizes behind a timm name, for models made of random weights.
///
/// timm's `vision_transformer.py` and `deit.py` (huggingface/pytorch-image-models). Names of one form each are known:
/// `vit_SIZE_patchP_S`, `vit_SIZE_patchP_regN_gap_S`, `deit_SIZE_patchP_S`, `deit_SIZE_distilled_patchP_S` and
/// `deit3_SIZE_patchP_S`, each with the tensors that timm gives it.
struct RandomArchitecture: Sendable {
    /// Width, depth and hidden width of a named size.
    private struct Size {
        let width: Int
        let depth: Int
        let hidden: Int

        init(_ width: Int, depth: Int, hidden: Int? = nil) {
            (self.width, self.depth, self.hidden) = (width, depth, hidden ?? 4 * width)
        }
    }

    private static let sizes: KeyValuePairs<String, Size> = [
        "tiny": Size(192, depth: 12), "wee": Size(256, depth: 14, hidden: 1280),
        "little": Size(320, depth: 14, hidden: 1792), "small": Size(384, depth: 12), "medium": Size(512, depth: 12),
        "mediumd": Size(512, depth: 20), "betwixt": Size(640, depth: 12), "base": Size(768, depth: 12),
        "large": Size(1024, depth: 24), "huge": Size(1280, depth: 32), "giant": Size(1408, depth: 40, hidden: 6144),
        "gigantic": Size(1664, depth: 48, hidden: 8192),
    ]

    /// Sizes whose models with registers have layer scale.
    private static let scaledSizes: Set<String> = ["wee", "little", "medium", "mediumd", "betwixt"]

    /// The names that are understood, for messages.
    static let forms =
        "vit_SIZE_patchP_S, vit_SIZE_patchP_regN_gap_S, deit_SIZE_patchP_S, deit_SIZE_distilled_patchP_S or "
        + "deit3_SIZE_patchP_S, with SIZE one of " + sizes.map(\.key).joined(separator: ", ")

    /// The name.
    let name: String
    /// Size of the picture in pixels; the name's, unless another was asked for.
    let inputSize: InputSize
    /// Blocks; the name's, unless another number was asked for.
    let depth: Int
    /// Side of a patch in pixels.
    let patchSide: Int
    private let size: Size
    private let registers: Int
    private let isDistilled: Bool
    private let hasLayerScale: Bool
    private let positionsCoverPrefix: Bool

    /// Takes a name apart; nil where it is of another form, or patches do not fill the picture.
    ///
    /// - Parameters:
    ///   - inputSize: Size of the picture, in place of the name's; the position table is made for it.
    ///   - depth: Number of blocks, in place of the size's own.
    init?(_ name: String, inputSize: InputSize? = nil, depth: Int? = nil) {
        var parts = name.split(separator: "_", omittingEmptySubsequences: false)[...]
        guard let family = parts.popFirst(), ["vit", "deit", "deit3"].contains(family), let sizeName = parts.popFirst(),
            let size = Self.sizes.first(where: { $0.key == sizeName })?.value
        else { return nil }
        let isDistilled = family == "deit" && parts.first == "distilled"
        if isDistilled { parts.removeFirst() }
        guard let patch = parts.popFirst().flatMap({ Self.number($0, after: "patch") }) else { return nil }
        var registers = 0
        if family == "vit", let count = parts.first.flatMap({ Self.number($0, after: "reg") }) {
            guard parts.dropFirst().first == "gap" else { return nil }
            registers = count
            parts.removeFirst(2)
        }
        guard let side = parts.popFirst().flatMap({ Self.number($0, after: "") }), parts.isEmpty, patch <= side,
            side <= 1 << 14
        else { return nil }
        let picture = inputSize ?? InputSize(height: side, width: side)
        guard picture.height % patch == 0, picture.width % patch == 0 else { return nil }
        (self.name, self.inputSize, patchSide, self.size, self.registers) = (name, picture, patch, size, registers)
        self.depth = depth ?? size.depth
        self.isDistilled = isDistilled
        hasLayerScale = family == "deit3" || registers > 0 && Self.scaledSizes.contains(String(sizeName))
        positionsCoverPrefix = family != "deit3" && registers == 0
    }

    private static func number(_ text: Substring, after prefix: String) -> Int? {
        guard text.hasPrefix(prefix), let number = Int(text.dropFirst(prefix.count)), number > 0 else { return nil }
        return number
    }

    /// A tensor of the model: its name, its shape, and around what its values lie.
    struct Tensor: Sendable {
        let name: String
        let shape: Shape
        /// 1 for what multiplies (norms, layer scale), 0 for all else.
        var mean: Float = 0
    }

    /// Every tensor, in timm's order.
    func tensors(classes: Int) -> [Tensor] {
        let width = size.width
        let hasClassToken = registers == 0
        let patches = (inputSize.height / patchSide) * (inputSize.width / patchSide)
        let prefix = (hasClassToken ? 1 : 0) + (isDistilled ? 1 : 0)
        var tensors: [Tensor] = []
        if hasClassToken { tensors.append(Tensor(name: "cls_token", shape: [1, 1, width])) }
        if isDistilled { tensors.append(Tensor(name: "dist_token", shape: [1, 1, width])) }
        if registers > 0 { tensors.append(Tensor(name: "reg_token", shape: [1, registers, width])) }
        tensors.append(
            Tensor(name: "pos_embed", shape: [1, patches + (positionsCoverPrefix ? prefix : 0), width]))
        tensors.append(Tensor(name: "patch_embed.proj.weight", shape: [width, 3, patchSide, patchSide]))
        tensors.append(Tensor(name: "patch_embed.proj.bias", shape: [width]))
        for block in 0..<depth { tensors += blockTensors("blocks.\(block).") }
        tensors += norm(registers > 0 ? "fc_norm" : "norm")
        for head in isDistilled ? ["head", "head_dist"] : ["head"] { tensors += linear(head, width, classes) }
        return tensors
    }

    private func blockTensors(_ path: String) -> [Tensor] {
        let width = size.width
        func scale(_ name: String) -> [Tensor] {
            hasLayerScale ? [Tensor(name: path + name, shape: [width], mean: 1)] : []
        }
        return norm(path + "norm1") + linear(path + "attn.qkv", width, 3 * width)
            + linear(path + "attn.proj", width, width) + scale("ls1.gamma") + norm(path + "norm2")
            + linear(path + "mlp.fc1", width, size.hidden) + linear(path + "mlp.fc2", size.hidden, width)
            + scale("ls2.gamma")
    }

    private func norm(_ path: String) -> [Tensor] {
        [
            Tensor(name: path + ".weight", shape: [size.width], mean: 1),
            Tensor(name: path + ".bias", shape: [size.width]),
        ]
    }

    private func linear(_ path: String, _ inputs: Int, _ outputs: Int) -> [Tensor] {
        [Tensor(name: path + ".weight", shape: [outputs, inputs]), Tensor(name: path + ".bias", shape: [outputs])]
    }
}
