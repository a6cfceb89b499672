package import OpenCLRuntime
package import Operations

/// How a device multiplies factors narrower than float32.
package enum NarrowForm: String, Sendable {
    /// OpenCL C alone; the twin that the others are compared with.
    case portable
    /// vpmaddubsw on signed magnitudes: int8.
    case avx2
    /// vpdpbusd in 256 bits: int8.
    case avxVNNI = "avx-vnni"
    /// vpdpbusd in 512 bits: int8.
    case avx512VNNI = "avx512-vnni"
    /// vdpbf16ps in 512 bits: bfloat16.
    case avx512BF16 = "avx512-bf16"
    /// Matrix instructions, as `MatrixInstruction` has them: float16 and bfloat16.
    case wgmma, mma16, mma8, mfma
    case wmma11 = "wmma-gfx11"
    case wmma12 = "wmma-gfx12"
    case dpas8, dpas16
    /// Shuffles within sub-groups of 8, in place of such an instruction.
    case subgroup8

    /// The matrix instruction, or what takes its place; nil for other forms.
    package var instruction: MatrixInstruction? { MatrixInstruction.allCases.first { $0.form == self } }

    /// The forms that a device has instructions for, best first; the portable one is always the last.
    ///
    /// That the device accepts them and computes rightly is for a probe to show. CPU devices do not get `subgroup8`: their
    /// portable form has the vectors that shuffles would make, and no shuffles.
    package static func candidates(for precision: Precision, on device: Device) -> [NarrowForm] {
        guard device.kind == .cpu else {
            let instructions = MatrixInstruction.allCases.filter { $0.refusal(in: precision, by: device) == nil }
            let hardware = instructions.filter(\.isHardware)
            return (hardware.isEmpty ? instructions : hardware).map(\.form) + [.portable]
        }
        let forms: [NarrowForm] =
            switch precision {
            case .float32, .float16: []
            case .bfloat16: [.avx512BF16]
            case .int8: [.avx512VNNI, .avxVNNI, .avx2]
            }
        return forms.filter { ProcessorFeatures.host.isSuperset(of: $0.features) } + [.portable]
    }

    /// The products of those forms.
    package static func products(in precision: Precision, on device: Device) -> [NarrowProduct] {
        candidates(for: precision, on: device).map { NarrowProduct(precision, $0) }
    }

    /// What the processor must have.
    private var features: Set<String> {
        switch self {
        case .portable, .wgmma, .mma16, .mma8, .mfma, .wmma11, .wmma12, .dpas8, .dpas16, .subgroup8: []
        case .avx2: ["avx2"]
        case .avxVNNI: ["avx2", "avx_vnni"]
        case .avx512VNNI: ["avx512f", "avx512_vnni"]
        case .avx512BF16: ["avx512f", "avx512_bf16"]
        }
    }

    /// The value of the macro FORM; that of kernels without a matrix instruction.
    var macro: Int {
        switch self {
        case .portable, .wgmma, .mma16, .mma8, .mfma, .wmma11, .wmma12, .dpas8, .dpas16, .subgroup8: 0
        case .avx2, .avx512BF16: 1
        case .avx512VNNI: 2
        case .avxVNNI: 3
        }
    }

    /// The tile of the product.
    func tile(_ precision: Precision, tuning: LinearTuning) -> NarrowTile {
        switch self {
        case .portable where precision != .int8 && tuning.groupColumns == 1:
            // Of 16 registers 12 sums leave none for the mask that splits two bfloat16: spilling cost a third of the time.
            NarrowTile(
                rows: precision == .bfloat16 && tuning.vector < 16 ? min(tuning.rows, 5) : tuning.rows,
                vector: max(4, tuning.vector), vectors: 2)
        case .portable, .wgmma, .mma16, .mma8, .mfma, .wmma11, .wmma12, .dpas8, .dpas16, .subgroup8:
            NarrowTile(rows: 4, vector: max(4, tuning.vector), vectors: 1)
        case .avx2: NarrowTile(rows: 3, vector: 8, vectors: 3)
        case .avxVNNI: NarrowTile(rows: 6, vector: 8, vectors: 2)
        case .avx512VNNI, .avx512BF16: NarrowTile(rows: 6, vector: 16, vectors: 4)
        }
    }
}

/// Tile of `linear_int8.cl` and `linear_operand.cl`.
struct NarrowTile {
    /// Rows per item.
    let rows: Int
    /// Columns per vector.
    let vector: Int
    /// Vectors per row and item.
    let vectors: Int

    /// Columns of an item: the width of a weight panel.
    var panel: Int { vector * vectors }
}

/// A precision below float32 and how it is computed.
package struct NarrowProduct: Sendable, Hashable, CustomStringConvertible {
    /// What the factors are.
    package let precision: Precision
    /// How they are multiplied.
    package let form: NarrowForm
    /// How a matrix instruction is imitated; nil for the instruction itself.
    package let emulation: MatrixEmulation?

    /// Names a way to multiply.
    package init(_ precision: Precision, _ form: NarrowForm, emulation: MatrixEmulation? = nil) {
        (self.precision, self.form, self.emulation) = (precision, form, emulation)
    }

    /// Whether a matrix instruction is a function over local memory.
    package var isEmulated: Bool { emulation != nil }

    /// `int8 avx2`.
    package var description: String {
        "\(precision.rawValue) \(form.rawValue)" + (isEmulated ? ", emulated" : "")
    }
}
