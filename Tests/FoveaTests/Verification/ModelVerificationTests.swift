import Fovea
import OpenCLOperations
import OpenCLRuntime
import OperationCases
import Operations
import Testing
import VisionModels

/// The device that tests run on: the first that a user would get.
enum TestDevice {
    static let first: Device? = (try? Device.discover())?.first { DeviceProfile($0).isEligibleForAutomaticChoice }

    /// The same as a place to compute; for tests that are skipped where there is none.
    static func require() throws -> ComputeDevice { .openCL(try #require(first)) }

    /// A model of two narrow blocks on the reference, which a debug build runs in no time.
    static func tiny() throws -> any InferenceSession {
        try ModelFiles(PackageRoot.path + "/Tests/Fixtures/Goldens/timm-vit").open().session(on: .reference)
    }

    /// The demo model, the memory of every result filled with NaN before.
    static func demo(
        on device: ComputeDevice = .reference, _ change: (inout SessionOptions) -> Void = { _ in }
    ) throws -> any InferenceSession {
        var options = SessionOptions()
        options.backend.fillsWithNaN = true
        change(&options)
        return try ModelFiles("demo").open().session(on: device, options: options)
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips where there is no OpenCL device, and says so.
    static var requiresOpenCL: Self {
        .enabled(if: TestDevice.first != nil, "no OpenCL device here: install PoCL (Scripts/install-packages)")
    }
}

@Suite("Verification of whole models", .serialized)
struct ModelVerificationTests {
    @Test(
        "a picture's logits are the same bits in every batch, place and run", arguments: BatchInvariance.Source.allCases
    )
    func invarianceOnReference(source: BatchInvariance.Source) throws {
        for comparison in try BatchInvariance.check(TestDevice.tiny(), from: source) {
            #expect(comparison.difference == nil, "\(comparison.name)")
        }
    }

    @Test(
        "and so on the device, layer norm apart and fused", .requiresOpenCL,
        arguments: BatchInvariance.Source.allCases, [false, true])
    func invarianceOnDevice(source: BatchInvariance.Source, fuses: Bool) throws {
        let session = try TestDevice.demo(on: TestDevice.require()) { $0.backend.fusesLayerNorm = fuses }
        let comparisons = try BatchInvariance.check(session, from: source)
        #expect(comparisons.count == 5)
        for comparison in comparisons { #expect(comparison.difference == nil, "\(comparison.name)") }
    }

    @Test("a session that breaks the promise by one bit is caught", arguments: Fault.allCases)
    func brokenPromise(fault: Fault) throws {
        let broken = try BatchInvariance.check(SpoilingSession(TestDevice.tiny(), fault.spoil))
            .filter { $0.difference != nil }.map(\.name)
        switch fault {
        case .batchSize: #expect(broken.count == 4 && !broken.contains { $0.hasPrefix("alone") })
        case .place: #expect(broken == ["picture 2 of a batch of 3"])
        case .neighbors: #expect(!broken.isEmpty && !broken.contains("picture 1 of a batch of 3"))
        case .runs: #expect(broken == ["alone, in a second run"])
        }
    }

    @Test("every layer and the logits of the demo agree with the reference", .requiresOpenCL)
    func layers() throws {
        let session = try TestDevice.demo(on: TestDevice.require())
        let agreements = try ModelVerifier.compare(session, with: TestDevice.demo())
        #expect(agreements.map(\.name) == (0...session.configuration.depth).map { "layer \($0)" } + ["logits"])
        for agreement in agreements { #expect(agreement.holds, "\(agreement.name): \(agreement.explanation)") }
    }

    @Test("a model with another activation is told apart, from the first block on")
    func otherModel() throws {
        var overrides = ModelOverrides()
        overrides.activation = .geluTanh
        let other = try ModelFiles(PackageRoot.path + "/Tests/Fixtures/Goldens/timm-vit").open(overrides)
        let agreements = try ModelVerifier.compare(other.session(on: .reference), with: TestDevice.tiny())
        #expect(agreements.first?.holds == true, "the embedding has no activation")
        #expect(agreements.dropFirst().allSatisfy { !$0.holds })
    }

    @Test("every operation of the device agrees, in every form, over the small cases", .requiresOpenCL)
    func operations() throws {
        let device = try #require(TestDevice.first)
        let verifier = OperationVerifier(device, isSmall: true)
        for operation in Operation.allCases {
            var forms: [KernelForm] = []
            try verifier.verify(operation) { report in
                forms.append(report.form)
                #expect(!report.agreements.isEmpty)
                for agreement in report.agreements {
                    #expect(agreement.holds, "\(agreement.name), \(report.form): \(agreement.explanation)")
                }
            }
            #expect(forms == verifier.forms(of: operation))
            #expect(
                Set(forms.map(\.variant)) == Set(SelectionTable.variants(of: operation, on: DeviceProfile(device))))
        }
    }
}
