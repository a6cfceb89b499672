import Checkpoints
import Fovea
import Operations
import VisionModels

/// The array that `run` reads: numbers that are already normalized, or pictures.
enum InputArray {
    /// `[B, 3, H, W]`
    case normalized(HostTensor)
    /// `[B, H, W, 3]`
    case pictures(PixelBatch)

    /// Reads and checks an array; throws category `input`.
    init(contentsOf path: String) throws(FoveaError) {
        do {
            let array = try NumPyArray(contentsOf: path)
            switch array.scalarType {
            case .uint8:
                try Self.check(array, "[B, H, W, 3], pictures", channelAxis: 3)
                let shape = array.shape
                self = .pictures(
                    PixelBatch(count: shape[0], height: shape[1], width: shape[2], bytes: try array.bytes()))
            case .float16, .bfloat16, .float32, .float64:
                try Self.check(array, "[B, 3, H, W]", channelAxis: 1)
                let tensor = try array.tensor()
                try Self.checkFinite(tensor, path)
                self = .normalized(tensor)
            default:
                throw FoveaError(
                    .input, code: "INPUT_TYPE",
                    "\(path): holds \(array.scalarType.rawValue), but a model reads float32 [B, 3, H, W] or uint8 "
                        + "[B, H, W, 3]; convert it with astype")
            }
        } catch {
            throw FoveaError(error, category: .input)
        }
    }

    /// Number of pictures, B.
    var count: Int {
        switch self {
        case .normalized(let tensor): tensor.shape[0]
        case .pictures(let batch): batch.count
        }
    }

    /// H and W.
    var size: InputSize {
        switch self {
        case .normalized(let tensor): InputSize(height: tensor.shape[2], width: tensor.shape[3])
        case .pictures(let batch): InputSize(height: batch.height, width: batch.width)
        }
    }

    /// Whether no normalization is needed.
    var isNormalized: Bool { if case .normalized = self { true } else { false } }

    /// Some of the pictures, as a model takes them; pictures need a normalization.
    func input(_ range: Range<Int>, _ normalization: Operations.Normalization?) -> ModelInput {
        switch (self, normalization) {
        case (.normalized(let tensor), _):
            let row = tensor.shape.dimensions.dropFirst().reduce(1, *)
            let values = Array(tensor.values[range.lowerBound * row..<range.upperBound * row])
            return .tensor(HostTensor([range.count, 3, size.height, size.width], values))
        case (.pictures(let batch), let normalization?):
            let row = batch.height * batch.width * 3
            let bytes = Array(batch.bytes[range.lowerBound * row..<range.upperBound * row])
            return .pictures(
                PixelBatch(count: range.count, height: batch.height, width: batch.width, bytes: bytes), normalization)
        case (.pictures, nil): preconditionFailure("pictures without a normalization")
        }
    }

    private static func check(_ array: NumPyArray, _ expected: String, channelAxis: Int) throws(FoveaError) {
        let shape = array.shape
        guard shape.rank == 4, shape[channelAxis] == 3, shape.count > 0 else {
            throw FoveaError(
                .input, code: "INPUT_SHAPE",
                "\(array.file): has shape \(shape) of \(array.scalarType.rawValue), but a model reads \(expected), of at "
                    + "least one pixel; reshape it")
        }
    }

    private static func checkFinite(_ tensor: HostTensor, _ path: String) throws(FoveaError) {
        guard let index = tensor.values.firstIndex(where: { !$0.isFinite }) else { return }
        let picture = index / (tensor.values.count / tensor.shape[0])
        throw FoveaError(
            .input, code: "INPUT_NONFINITE",
            "\(path): holds \(tensor.values[index]) in picture \(picture), at index \(index); every value must be finite"
        )
    }
}
