import Checkpoints
import Operations

extension TimmModel {
    /// The grid that BEiT's tables of relative positions were made for: a square wherever they can be one, as timm has it,
    /// else the model's own; nil where their length is neither's.
    func storedBias(_ names: TensorNames) throws(CheckpointError) -> VisionTransformerConfiguration.StoredBias? {
        let table = names.sharedBiasTable ?? names.block.attention[0].biasTable.map { "\(names.blocks).0.\($0)" }
        guard let stored = table.flatMap(checkpoint.shape(of:)), stored.count > 0, let length = stored.dimensions.first,
            length > 3
        else { return nil }
        let size = try ownInputSize()
        try size.check(patchSide: shapes.patchSide, file: file)
        let own = InputSize(
            height: 2 * (size.height / shapes.patchSide) - 1, width: 2 * (size.width / shapes.patchSide) - 1)
        let side = Int(Double(length - 3).squareRoot().rounded())
        let distances = [InputSize(height: side, width: side), own].first { $0.height * $0.width == length - 3 }
        return distances.map { .init(distances: $0, resampling: .geometric) }
    }
}
