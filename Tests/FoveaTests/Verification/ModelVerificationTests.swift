import Fovea
import OpenCLOperations
import OpenCLRuntime
import Operations
import Testing
import VisionModels

/// The device that tests run on: the first that a user would get.
enum TestDevice {
    static let first: Device? = (try? Device.discover())?.first { DeviceProfile($0).isEligibleForAutomaticChoice }

    /// The demo on the device, or on the reference where nil.
    static func demo(_ device: Device?, _ change: (inout SessionOptions) -> Void = { _ in }) throws
        -> any InferenceSession
    {
        var options = SessionOptions()
        options.backend.fillsWithNaN = true
        change(&options)
        return try ModelFiles("demo").open().session(on: device.map { .openCL($0) } ?? .reference, options: options)
    }
}

extension Trait where Self == ConditionTrait {
    /// Skips in a debug build, where the reference takes seconds a picture, and says so.
    static var requiresRelease: Self {
        #if DEBUG
            .disabled("the reference is slow in a debug build: run with -c release")
        #else
            .enabled(if: true)
        #endif
    }

    /// Skips where there is no OpenCL device, and says so.
    static var requiresOpenCL: Self {
        .enabled(if: TestDevice.first != nil, "no OpenCL device here: install PoCL (Scripts/install-packages)")
    }
}

@Suite("Verification of whole models", .serialized)
struct ModelVerificationTests {
    @Test(
        "a picture's logits are the same bits in every batch, place and run", .requiresRelease,
        arguments: BatchInvariance.Source.allCases)
    func invarianceOnReference(source: BatchInvariance.Source) throws {
        for comparison in try BatchInvariance.check(TestDevice.demo(nil), from: source) {
            #expect(comparison.difference == nil, "\(comparison.name)")
        }
    }

    @Test(
        "and so on the device, layer norm apart and fused", .requiresOpenCL,
        arguments: BatchInvariance.Source.allCases, [false, true])
    func invarianceOnDevice(source: BatchInvariance.Source, fuses: Bool) throws {
        let session = try TestDevice.demo(try #require(TestDevice.first)) { $0.backend.fusesLayerNorm = fuses }
        let comparisons = try BatchInvariance.check(session, from: source)
        #expect(comparisons.count == 5)
        for comparison in comparisons { #expect(comparison.difference == nil, "\(comparison.name)") }
    }

    @Test(
        "a session that breaks the promise by one bit is caught", .requiresOpenCL,
        arguments: FaultySession.Fault.allCases)
    func brokenPromise(fault: FaultySession.Fault) throws {
        let device = try #require(TestDevice.first)
        // Two seeds, since a neighbor spoils only where its own first score is positive.
        let broken = try [1, 2].flatMap { (seed: UInt64) in
            try BatchInvariance.check(FaultySession(TestDevice.demo(device), fault), seed: seed)
                .filter { $0.difference != nil }.map(\.name)
        }
        switch fault {
        case .batchSize: #expect(broken.count == 8 && !broken.contains { $0.hasPrefix("alone") })
        case .place: #expect(Set(broken) == ["picture 2 of a batch of 3"])
        case .neighbors: #expect(!broken.isEmpty && !broken.contains("picture 1 of a batch of 3"))
        case .runs: #expect(Set(broken) == ["alone, in a second run"])
        }
    }

    @Test("every layer and the logits of the demo agree with the reference", .requiresOpenCL)
    func layers() throws {
        let session = try TestDevice.demo(try #require(TestDevice.first))
        let agreements = try ModelVerifier.compare(session, with: TestDevice.demo(nil))
        #expect(agreements.map(\.name) == (0...session.configuration.depth).map { "layer \($0)" } + ["logits"])
        for agreement in agreements { #expect(agreement.holds, "\(agreement.name): \(agreement.explanation)") }
    }

    @Test("another model is another: its layers and logits are told apart from the demo's")
    func otherModel() throws {
        var overrides = ModelOverrides()
        overrides.activation = .relu
        let other = try ModelFiles("demo").open(overrides).session(on: .reference)
        let agreements = try ModelVerifier.compare(other, with: TestDevice.demo(nil))
        #expect(agreements.first?.holds == true, "the embedding has no activation")
        #expect(agreements.dropFirst().allSatisfy { !$0.holds })
    }

    @Test("every operation of the device agrees, in every form, over the small cases", .requiresOpenCL)
    func operations() throws {
        let verifier = OperationVerifier(try #require(TestDevice.first), isSmall: true)
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
            #expect(Set(forms.map(\.variant)) == Set(KernelVariant.allCases))
        }
    }
}
