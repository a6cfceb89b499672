import FoundationEssentials
import Testing

@Suite("Kernels") struct KernelTests {
    @Test("Kernels keep their contract, their defaults and their barriers")
    func checkout() throws {
        let findings = KernelCheck.findings(in: try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("Arithmetic is nowhere relaxed")
    func mathOptions() throws {
        let findings = MathOptionCheck.findings(in: try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test("An operation has all its places")
    func operations() throws {
        let findings = OperationCheck.findings(in: try .checkout())
        #expect(findings.isEmpty, "\(findings.report)")
    }

    @Test(
        "Each kernel compiles alone",
        .enabled(if: KernelCompilation.compiler != nil, "needs the clang of the Swift toolchain"))
    func compilation() throws {
        let compiler = try #require(KernelCompilation.compiler)
        for path in try SourceTree.checkout().paths(in: "Kernels", endingIn: ".cl") {
            let complaint = try KernelCompilation.complaint(
                about: SourceTree.root.appending(path: path), compiler: compiler)
            #expect(complaint == nil, "\(path): \(complaint ?? "")")
        }
    }

    /// Forms of linear layers in inline assembly: the processor that runs the tests may lack their instructions.
    @Test(
        "Inline assembly assembles",
        .enabled(if: KernelCompilation.compiler != nil, "needs the clang of the Swift toolchain"),
        arguments: [
            ("linear_int8", ["-DFORM=1", "-DVECTOR=8", "-mavx2", "-mfma"]),
            ("linear_int8", ["-DFORM=2", "-DVECTOR=16", "-mavx512f", "-mavx512vnni"]),
            ("linear_int8", ["-DFORM=3", "-DVECTOR=8", "-mavx2", "-mfma", "-mavxvnni"]),
            ("linear_operand", ["-DFORM=1", "-DVECTOR=16", "-mavx512f", "-mavx512bf16"]),
        ])
    func assembly(kernel: String, options: [String]) throws {
        let compiler = try #require(KernelCompilation.compiler)
        let complaint = try KernelCompilation.assemblyComplaint(
            about: SourceTree.root.appending(path: "Kernels/\(kernel).cl"), compiler: compiler, options: options)
        #expect(complaint == nil, "\(complaint ?? "")")
    }
}

@Suite("Kernel checks find what they should") struct KernelSelfTests {
    /// A kernel that keeps every rule.
    private static let sound = """
        // scale — multiplies each row.
        //
        //   y[r, d] = factor · x[r, d]
        //
        //   x       [rows, WIDTH]  float  in
        //   y       [rows, WIDTH]  float  out; every element written
        //   factor  scalar
        //
        //   Launch    one group
        //             a row
        //   Local     none
        //   Numerics  one rounding     Work      rows·WIDTH flop
        //   Host      OpenCLOperations/Operations/Scale+OpenCL.swift     Definition  Operations/Reference/Scale.swift
        #include "common.cl"
        #ifndef WIDTH
          #define WIDTH 768
        #endif
        #define HALF_WIDTH (WIDTH / 2)
        #if WIDTH > 1024
          #define STEPS 2
        #else
          #define STEPS 1
        #endif
        static float group_sum(float value) {
            barrier(CLK_LOCAL_MEM_FENCE);
            return value;
        }
        __constant float table[2] = {1.0f, 2.0f};
        __attribute__((reqd_work_group_size(64, 1, 1)))
        __kernel void scale(__global const float *restrict x, __global float *y, const float factor) {
            const float sum = group_sum(x[0]);  // return before a barrier
            if (sum < 0.0f) return;
            y[0] = factor * x[0];
        }
        """

    private static func tree(kernel: String) -> SourceTree {
        SourceTree([
            "Kernels/scale.cl": kernel, "Kernels/scale_plain.cl": sound, "Kernels/common.cl": "typedef float storage;",
            "Kernels/Kernels.c": "#embed \"scale.cl\"\n#embed \"scale_plain.cl\"\n#embed \"common.cl\"\n// \"lost.cl\"",
            "Sources/OpenCLOperations/Operations/Scale+OpenCL.swift": "",
            "Sources/Operations/Reference/Scale.swift": "",
            "Sources/Operations/Reference/Scale+Rows.swift": "",
            "Sources/Operations/Reference/ReferenceBackend.swift": "",
            "Sources/OperationCases/ScaleCases.swift": "",
            "Sources/Operations/Backend.swift": """
            public protocol Backend {
                func prepare(_ parameters: Int) -> Int
                func scale(_ x: Int) -> Int
            }
            extension Backend { func other() {} }
            """,
        ])
    }

    @Test("A sound kernel passes")
    func passes() {
        let tree = Self.tree(kernel: Self.sound)
        let findings =
            KernelCheck.findings(in: tree) + MathOptionCheck.findings(in: tree) + OperationCheck.findings(in: tree)
        #expect(findings.isEmpty, "\(findings.report)")
        #expect(KernelCheck.contract(in: KernelText(Self.sound).header)["Launch"] == "one group a row")
    }

    @Test(
        "A kernel that breaks one rule is found",
        arguments: [
            ("//   Local     none\n", "", "no line Local"),
            ("     Work      rows·WIDTH flop", "", "no line Work"),
            (
                "Definition  Operations/Reference/Scale.swift", "Definition  none: the time is the result",
                "names no Swift file"
            ),
            ("Numerics  one rounding", "Numerics ", "no line Numerics"),
            ("//   y[r, d] = factor · x[r, d]\n", "", "no formula"),
            ("//   factor  scalar\n//\n", "//\n", "argument factor"),
            ("//   y       [rows", "//   z       [rows", "argument y"),
            ("Host      OpenCLOperations/Operations/Scale+", "Host      OpenCLOperations/Scale+", "does not exist"),
            (
                "Operations/Reference/Scale.swift", "OpenCLOperations/Operations/Scale+OpenCL.swift",
                "not in Sources/Operations"
            ),
            ("Definition  Operations/Reference/Scale.swift", "Definition  the paper", "names no Swift file"),
            ("#ifndef WIDTH\n  #define WIDTH 768\n#endif", "#define WIDTH 768", "defines WIDTH without"),
            ("const float sum = ", "if (factor == 0.0f) return; const float sum = ", "scale returns before a barrier"),
            (
                "barrier(CLK_LOCAL_MEM_FENCE);", "if (value > 0) { return 0; } barrier(CLK_LOCAL_MEM_FENCE);",
                "group_sum returns"
            ),
            ("__kernel", "", "holds no kernel"),
        ])
    func finds(_ sound: String, _ broken: String, _ message: String) {
        #expect(Self.sound.contains(sound))
        let kernel = Self.sound.replacing(sound, with: broken)
        let report = KernelCheck.findings(in: Self.tree(kernel: kernel)).report
        #expect(report.contains(message), "\(report)")
    }

    @Test("A return before a barrier hidden in a macro is found")
    func macroBarrier() {
        let kernel = """
            #define FENCE() \\
              barrier(CLK_LOCAL_MEM_FENCE)
            __kernel void lonely(__global float *y) { if (y[0] > 0) return; FENCE(); y[0] = 1; }
            """
        let report = KernelCheck.findings(in: Self.tree(kernel: kernel)).report
        #expect(report.contains("scale.cl:3: lonely returns before a barrier"), "\(report)")
    }

    @Test("A return is no fault where the barrier is in another branch of its condition")
    func alternatives() {
        let kernel = """
            static float sum(float x) {
            #if GROUP == 1
              return x;
            #elif GROUP == 2
              if (x > 0) return x;
              barrier(CLK_LOCAL_MEM_FENCE);
            #else
              barrier(CLK_LOCAL_MEM_FENCE);
            #endif
            }
            """
        let report = KernelCheck.findings(in: Self.tree(kernel: kernel)).report
        #expect(!report.contains("scale.cl:3:"), "\(report)")
        #expect(report.contains("scale.cl:5: sum returns before a barrier"), "\(report)")
    }

    @Test("A file for others to include needs no contract, one that nobody includes does")
    func shared() {
        let text = "static float twice(float x) { return 2.0f * x; }"
        var files = ["Kernels/shared.cl": text, "Kernels/Kernels.c": "\"shared.cl\" \"scale.cl\""]
        #expect(KernelCheck.findings(in: SourceTree(files)).report.contains("holds no kernel"))
        files["Kernels/scale.cl"] = "#include \"shared.cl\"\n"
        #expect(!KernelCheck.findings(in: SourceTree(files)).report.contains("shared.cl"))
    }

    @Test("A kernel that is not embedded is found")
    func catalogue() {
        let tree = SourceTree(["Kernels/lost.cl": Self.sound, "Kernels/Kernels.c": "// #embed \"lost.cl\""])
        #expect(KernelCheck.findings(in: tree).report.contains("not embedded"))
    }

    @Test(
        "Relaxed arithmetic is found",
        arguments: [
            ("Sources/A/A.swift", "let options = \"-cl-std=CL1.2 -cl-mad-enable\"", 1),
            ("Sources/A/A.swift", "// -cl-mad-enable bends rounding", 0),
            ("Package.swift", ".unsafeFlags([\"-ffast-math\"])", 1),
            ("Kernels/a.cl", "#pragma OPENCL FP_CONTRACT ON", 1),
            ("Kernels/a.cl", "#pragma OPENCL FP_CONTRACT OFF", 0),
            ("Kernels/a.cl", "#pragma clang fp reassociate(on)", 1),
            ("Kernels/a.cl", "#pragma clang fp contract(fast)", 1),
            ("Kernels/a.cl", "#pragma float_control(precise, off)", 1),
            ("Kernels/a.cl", "#pragma OPENCL EXTENSION cl_khr_fp16 : enable", 0),
            ("Kernels/a.cl", "#pragma unroll", 0),
        ])
    func mathOptions(_ path: String, _ text: String, _ count: Int) {
        #expect(MathOptionCheck.findings(in: SourceTree([path: text])).count == count)
    }

    @Test(
        "An operation without one of its places is found",
        arguments: [
            ("Kernels/scale.cl", "file of its name in Kernels"), ("Kernels/scale_plain.cl", "plain twin"),
            ("Sources/OpenCLOperations/Operations/Scale+OpenCL.swift", "Scale+OpenCL.swift"),
            ("Sources/OperationCases/ScaleCases.swift", "ScaleCases.swift"),
        ])
    func places(_ path: String, _ message: String) {
        let tree = SourceTree(Self.tree(kernel: Self.sound).files.filter { $0.key != path })
        #expect(OperationCheck.findings(in: tree).report.contains(message))
    }

    @Test("A verb that the reference does not define is found")
    func verbs() {
        var files = Self.tree(kernel: Self.sound).files
        files["Sources/Operations/Backend.swift"] =
            "protocol Backend {\n    func embed(_ x: Int) -> Int\n    func scale()\n}\n"
        let report = OperationCheck.findings(in: SourceTree(files)).report
        #expect(report.contains("verb embed has no Sources/Operations/Reference/PatchEmbedding.swift"))
        #expect(!report.contains("verb scale"))
    }

    @Test(
        "A kernel that does not compile alone is found",
        .enabled(if: KernelCompilation.compiler != nil, "needs the clang of the Swift toolchain"),
        arguments: [
            ("__kernel void f(__global float *y) { y[get_global_id(0)] = fma(1.0f, 2.0f, 3.0f); }", true),
            ("__kernel void f(__global float *y) { y[0] = WIDTH; }", false),
            ("#if WIDTH\n#endif\n__kernel void f(__global float *y) { y[0] = 0; }", false),
            ("#error \"illegal\"", false),
            ("__kernel void f(__global float *y) { int unused; y[0] = 0; }", false),
        ])
    func compilation(_ text: String, _ isSound: Bool) throws {
        let folder = TemporaryFolder()
        let file = folder.url.appending(path: "kernel.cl")
        try Data(text.utf8).write(to: file)
        let complaint = try KernelCompilation.complaint(about: file, compiler: #require(KernelCompilation.compiler))
        #expect((complaint == nil) == isSound, "\(complaint ?? "no complaint")")
    }
}
