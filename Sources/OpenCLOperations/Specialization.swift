/// Everything that changes the code generated for a kernel, and nothing that does not.
///
/// Sizes that vary from call to call (batch, rows, tokens) are arguments; sizes that a model fixes are here.
package struct Specialization: Hashable, Sendable {
    /// The file under `Kernels/` and the kernel in it.
    package let kernel: String
    /// Values of its macros.
    package let defines: [String: Int]

    /// A kernel under its macros.
    package init(_ kernel: String, _ defines: [String: Int]) {
        (self.kernel, self.defines) = (kernel, defines)
    }

    /// The kernel's text under its macros.
    var source: String {
        let lines = defines.sorted { $0.key < $1.key }.map { "#define \($0.key) \($0.value)\n" }
        return lines.joined() + KernelSource.text(of: kernel)
    }

    /// The same with every name that it defines ending in `suffix`, the kernel's too.
    func source(suffix: String) -> String { KernelSource.renaming(source, suffix: suffix) }

    /// No relaxed mathematics: softmax lives by the behaviour of infinities.
    ///
    /// No warnings: PoCL tells their number on standard error, one at least for every vector wider than a register; those
    /// that matter are errors in a test.
    var options: String {
        let isEmulated = (defines["EMULATED"] ?? 0) != 0
        let instruction = defines["MATRIX"].flatMap(MatrixInstruction.init(rawValue:))
        return "-cl-std=CL1.2 -w" + (isEmulated ? "" : instruction?.buildOptions ?? "")
    }
}
