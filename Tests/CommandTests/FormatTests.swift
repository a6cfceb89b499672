import Checkpoints
import CheckpointsHDF5
import Operations
import Testing

@Suite("Models in other formats than safetensors")
struct FormatTests {
    /// Logits of a golden model whose file says nothing but its tensors.
    private func logits(
        _ golden: String, _ file: String, on device: TestedDevice, _ options: [String]
    ) throws -> (actual: HostTensor, expected: HostTensor) {
        let folder = try TemporaryFolder()
        let path = "\(PackageRoot.shared)/goldens/\(golden)"
        _ = try FoveaProcess.results(
            ["run", "--model", "\(path)/\(file)", "--input", path + "/input.npy", "--output", folder("y.npy")]
                + ["--device", device.option] + options)
        let actual = try NumPyArray(contentsOf: folder("y.npy")).tensor()
        return (actual, try NumPyArray(contentsOf: path + "/logits.npy").tensor())
    }

    @Test("JAX's .npz, its number of heads in its shapes", .requiresShared, arguments: TestedDevice.all)
    func jax(device: TestedDevice) throws {
        // The golden is timm's reading of the file, which takes the exact GELU; JAX's own default is the tanh form.
        let options = ["--architecture", "vit_tiny_patch16_224", "--activation", "gelu"]
        let (actual, expected) = try logits("npz-vit", "weights.npz", on: device, options)
        #expect(deviation(actual, from: expected) <= RunGoldenTests.tolerance)
        let tanh = try logits("npz-vit", "weights.npz", on: device, Array(options.prefix(2)))
        #expect(deviation(tanh.actual, from: expected) > RunGoldenTests.tolerance)
    }

    @Test(
        "The blog's Keras .h5, with the tanh form of GELU", .requiresShared,
        .enabled("no libhdf5 here: Scripts/install-packages --with-hdf5") { HDF5File.library != nil },
        arguments: TestedDevice.all)
    func keras(device: TestedDevice) throws {
        let options = ["--architecture", "vit_base_patch16_224", "--heads", "3"]
        let (actual, expected) = try logits("keras-vit-224", "weights.h5", on: device, options)
        // Keras computed in float32.
        #expect(deviation(actual, from: expected) <= 1e-4)
    }

    @Test("Where there is no libhdf5, one sentence says what to install")
    func library() throws {
        let path = PackageRoot.path + "/Tests/Fixtures/Checkpoints/keras-weights.h5"
        let outcome = try FoveaProcess.run(
            ["summary", "--model", path], environment: ["FOVEA_HDF5_LIBRARY": "/nowhere/libhdf5.so"])
        #expect(outcome.status == .exited(4))
        #expect(
            outcome.errors == """
                fovea: error: \(path): is an HDF5 file, and no libhdf5 is installed to read it; install it (Debian, Ubuntu: \
                apt install hdf5-tools), or name it with FOVEA_HDF5_LIBRARY

                """)
    }

    @Test("A bad array in a model is a bad model, not a bad input")
    func category() throws {
        let path = PackageRoot.path + "/Tests/Fixtures/Checkpoints"
        let outcome = try FoveaProcess.run(["summary", "--model", path + "/object.npz"])
        #expect(outcome.status == .exited(4))
        #expect(outcome.errors.contains("Python objects, which are never read"))
    }
}
