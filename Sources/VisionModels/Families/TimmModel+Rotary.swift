import Checkpoints
import Operations

extension TimmModel {
    /// Whether patches rotate query and key.
    func usesRotary() throws(CheckpointError) -> Bool {
        let isAsked = try arguments.bool("use_rot_pos_emb") ?? false
        return modelClass == .eva && isAsked
    }

    /// How they do: timm's `pos_embed_sincos.py`.
    func rotary() throws(CheckpointError) -> RotaryRule {
        let isColumnFirst = try arguments.string("rope_grid_indexing") == "xy"
        let temperature = Float(try arguments.double("rope_temperature") ?? 10000)
        guard temperature > 1, temperature.isFinite else {
            throw arguments.rejecting("rope_temperature", code: .configurationLimit, expected: "above 1")
        }
        let offset = Float(try arguments.double("rope_grid_offset") ?? 0)
        switch try arguments.string("rope_type") ?? "cat" {
        case "cat":
            return RotaryRule(
                coordinates: .index(offset: offset, trainedGrid: try trainedGrid()),
                frequencies: .geometric(temperature: temperature), pairing: try pairing(),
                isColumnFirst: isColumnFirst)
        case "mixed":
            return RotaryRule(
                coordinates: .index(offset: 0, trainedGrid: nil), frequencies: .learned, pairing: .neighbours,
                isColumnFirst: isColumnFirst)
        case "dinov3" where offset == 0:
            return RotaryRule(
                coordinates: .centred, frequencies: .geometric(temperature: temperature), pairing: try pairing(),
                isColumnFirst: isColumnFirst)
        default:
            throw arguments.rejecting(
                "rope_type", code: .configurationArchitecture, expected: "cat, mixed, or dinov3 without an offset")
        }
    }

    private func pairing() throws(CheckpointError) -> RotaryEmbedding.Pairing {
        try arguments.bool("rope_rotate_half") == true ? .halves : .neighbours
    }

    /// The grid that places are stretched to.
    private func trainedGrid() throws(CheckpointError) -> InputSize? {
        guard let value = arguments.value("ref_feat_shape") else { return nil }
        if let side = value.integer, side > 0 { return InputSize(height: side, width: side) }
        if let sides = value.integers, sides.count == 2, sides.allSatisfy({ $0 > 0 }) {
            return InputSize(height: sides[0], width: sides[1])
        }
        throw arguments.rejecting("ref_feat_shape", code: .configurationType, expected: "one positive integer or two")
    }
}
