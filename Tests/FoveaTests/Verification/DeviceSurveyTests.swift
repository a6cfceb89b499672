import Fovea
import OpenCLOperations
import OpenCLRuntime
import Operations
import Testing

@Suite("The choice of a device")
struct DeviceSurveyTests {
    @Test("without devices is the reference")
    func none() {
        let choice = AutomaticChoice(among: [])
        guard case .reference = choice.device else { Issue.record("\(choice.device.name)"); return }
        #expect(choice.verdicts.isEmpty)
    }

    @Test("gives each device a verdict and chooses one", .requiresOpenCL)
    func survey() throws {
        let survey = DeviceSurvey()
        #expect(survey.absence == nil)
        let chosen = survey.entries.filter { if case .chosen = $0.verdict { true } else { false } }
        #expect(chosen.count == 1)
        guard case .openCL(let device) = survey.automatic else { Issue.record("no device chosen"); return }
        #expect(device === chosen[0].device)
        for entry in survey.entries {
            #expect(entry.kernels.map(\.operation) == Operation.allCases)
            #expect(entry.kernels.allSatisfy { $0.variants.last == .plain })
        }
    }

    @Test("never falls on a GPU whose self-test fails", .requiresOpenCL)
    func failingSelfTest() throws {
        let devices = try Device.discover()
        let choice = AutomaticChoice(among: devices) { _ in "everything is wrong" }
        for (device, verdict) in zip(devices, choice.verdicts) where device.kind != .cpu {
            switch verdict {
            case .failedSelfTest(let failure): #expect(failure == "everything is wrong")
            case .excluded, .unknownKind: break
            case .chosen, .outranked: Issue.record("\(device.name): \(verdict)")
            }
        }
    }
}
