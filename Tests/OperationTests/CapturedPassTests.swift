import OpenCLRuntime
import OperationCases
import Operations
import Testing

@testable import OpenCLOperations

@Suite("A captured pass", .requiresOpenCL, .serialized)
struct CapturedPassTests {
    /// Norm, product, attention, product with residual, pooling: one of every kind of launch that a block makes.
    private struct Block {
        let norm: OpenCLLayerNorm
        let queryKeyValue: OpenCLLinear
        let projection: OpenCLLinear

        init(on backend: OpenCLBackend) throws(OpenCLError) {
            var random = SeededGenerator(seed: 7)
            norm = try backend.prepare(
                LayerNormParameters(scale: random.values(32, mean: 1), shift: random.values(32), epsilon: 1e-6))
            queryKeyValue = try backend.prepare(
                LinearParameters(weight: random.tensor([96, 32], deviation: 0.2), bias: random.values(96)))
            projection = try backend.prepare(LinearParameters(weight: random.tensor([32, 32], deviation: 0.2)))
        }

        func callAsFunction(_ x: DeviceTensor, on backend: OpenCLBackend) throws(OpenCLError) -> DeviceTensor {
            let qkv = try backend.linear(x, queryKeyValue, after: norm)
            let attended = try backend.attention(qkv, heads: 2, scale: 0.25)
            return try backend.pool(backend.linear(attended, projection, adding: x), .average, over: 1..<9)
        }
    }

    private func values(_ seed: UInt64) -> HostTensor {
        var random = SeededGenerator(seed: seed)
        return random.tensor([2, 9, 32])
    }

    @Test("gives the bits of the same launches made one by one, for input after input")
    func sameBits() throws {
        let backend = try OpenCLBackend(try #require(TestDevice.first))
        let block = try Block(on: backend)
        let pass = try backend.capture { () throws(OpenCLError) in
            let input = try backend.emptyTensor([2, 9, 32], ofBytes: false)
            return (input: input, output: try block(input, on: backend))
        }
        for seed in [1, 2, 1] as [UInt64] {
            let x = values(seed)
            let buffers = backend.bufferCount
            let captured = try x.values.withUnsafeBytes { bytes in
                try backend.upload(bytes, into: pass.tensors.input)
                try pass.enqueue(on: backend)
                return try backend.download(pass.tensors.output)
            }
            #expect(backend.bufferCount == buffers, "a run of a captured pass makes no buffer")
            let eager = try backend.download(block(backend.upload(x), on: backend))
            #expect(captured == eager)
        }
    }

    @Test("holds memory of its own: another pass between two runs changes nothing")
    func ownMemory() throws {
        let backend = try OpenCLBackend(try #require(TestDevice.first))
        let block = try Block(on: backend)
        let passes = try (0..<2).map { _ in
            try backend.capture { () throws(OpenCLError) in
                let input = try backend.emptyTensor([2, 9, 32], ofBytes: false)
                return (input: input, output: try block(input, on: backend))
            }
        }
        let inputs = [values(3), values(4)]
        try inputs[0].values.withUnsafeBytes { first in
            try inputs[1].values.withUnsafeBytes { second in
                try backend.upload(first, into: passes[0].tensors.input)
                try backend.upload(second, into: passes[1].tensors.input)
                try passes[0].enqueue(on: backend)
                try passes[1].enqueue(on: backend)
                try backend.finish()
            }
        }
        for (pass, input) in zip(passes, inputs) {
            let expected = try backend.download(block(backend.upload(input), on: backend))
            let found = try backend.download(pass.tensors.output)
            #expect(found == expected)
        }
    }

    @Test("What throws within a capture leaves a backend that computes")
    func failure() throws {
        let backend = try OpenCLBackend(try #require(TestDevice.first))
        let block = try Block(on: backend)
        #expect(throws: OpenCLError.self) {
            _ = try backend.capture { () throws(OpenCLError) -> DeviceTensor in
                throw OpenCLError(.other, "a failure of this test")
            }
        }
        let pooled = try backend.download(block(backend.upload(values(5)), on: backend))
        #expect(pooled.values.allSatisfy { $0.isFinite })
    }
}

@Suite("Names of kernels that share a program")
struct KernelRenamingTests {
    @Test("Everything that a text defines gets the suffix, and nothing else")
    func names() {
        let text = """
            #define WIDTH 8
            #ifndef GROUP
              #define GROUP WIDTH
            #endif
            typedef float8 vfloat;
            typedef struct {
              float WIDTHS;
              struct {
                int count;
              } parts[2];
            } pair;
            static inline float twice(float x) { return 2 * x; }
            static inline __attribute__((overloadable)) float thrice(float x) { return 3 * x; }
            #define ATTRIBUTES
            __kernel ATTRIBUTES __attribute__((reqd_work_group_size(GROUP, 1, 1)))
            void scale(__global float *y) { y[get_global_id(0)] = twice(WIDTH); }
            """
        let renamed = KernelSource.renaming(text, suffix: "__3")
        for name in ["WIDTH", "GROUP", "vfloat", "pair", "twice", "thrice", "scale"] {
            #expect(renamed.contains("\(name)__3"), "\(name) is defined here")
        }
        for name in [
            "WIDTHS__3", "float8__3", "get_global_id__3", "reqd_work_group_size__3", "__attribute____3",
            "overloadable__3", "2__3", "parts__3",
        ] {
            #expect(!renamed.contains(name), "\(name) is not")
        }
        #expect(!renamed.contains("define WIDTH "))
    }

    @Test(
        "No kernel loses an attribute to a suffix",
        arguments: [
            "attention_matrix", "attention_wgmma", "linear_matrix", "linear_wgmma", "attention_simd", "layer_norm",
        ])
    func attributes(kernel: String) {
        let renamed = KernelSource.renaming(KernelSource.text(of: kernel), suffix: "__3")
        #expect(renamed.contains("\(kernel)__3("))
        for attribute in ["__attribute__", "reqd_work_group_size", "always_inline", "overloadable"] {
            #expect(!renamed.contains("\(attribute)__3"), "\(attribute)")
        }
    }

    @Test("Two specializations of a kernel compile in one program", .requiresOpenCL)
    func together() throws {
        let backend = try OpenCLBackend(try #require(TestDevice.first))
        let specializations =
            ["layer_norm", "softmax", "linear", "pooling", "attention_simd"].flatMap { kernel in
                [4, 8].map { Specialization(kernel, ["VECTOR": $0]) }
            }
            + ["linear_wgmma", "attention_wgmma", "linear_matrix", "attention_matrix"].flatMap { kernel in
                [0, 1].map { Specialization(kernel, ["EMULATED": 1, "OPERAND": $0]) }
            }
        try backend.library.compile(specializations)
        for specialization in specializations {
            let name = try backend.library.newKernel(for: specialization).name
            #expect(name.hasPrefix(specialization.kernel))
        }
    }
}
