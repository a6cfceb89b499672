import OpenCLRuntime

extension InstructionSplice {
    /// Local memory of a group where the instructions are: 227 KiB, though drivers tell of the 48 that any device has.
    private static let localMemory = 227 << 10

    /// The splice as what a program is put through before it runs.
    ///
    /// - Parameters:
    ///   - kernels: The kernels of the program.
    ///   - groupsPerUnit: For how many groups a compute unit must have registers, of kernels for which that matters.
    static func rewriting(kernels: [String], groupsPerUnit: [String: Int] = [:]) -> BinaryRewriting {
        BinaryRewriting(name: "sm_90a, \(version)", localMemory: localMemory) { (binary) throws(OpenCLError) in
            do throws(Refusal) {
                return try splice(binary, kernels: kernels, groupsPerUnit: groupsPerUnit)
            } catch {
                throw OpenCLError(
                    .buildFailure,
                    "The instructions of a warp group cannot be put into the program of "
                        + "\(kernels.joined(separator: ", ")): \(error)")
            }
        }
    }
}

extension Specialization {
    /// Whether its instructions stand in comments of the PTX (`wgmma.cl`).
    var isCovered: Bool { kernel.hasSuffix("_wgmma") && defines["EMULATED"] == 0 }
}
