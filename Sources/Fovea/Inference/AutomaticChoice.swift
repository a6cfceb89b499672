package import OpenCLOperations
package import OpenCLRuntime

/// What `auto` makes of the devices there are.
///
/// The first GPU or accelerator that passes its self-test, else the first OpenCL CPU device, else the reference.
package struct AutomaticChoice: Sendable {
    /// What becomes of one device.
    package enum Verdict: Sendable {
        /// It computes.
        case chosen
        /// Another device comes first.
        case outranked(by: Device)
        /// A quirk forbids it.
        case excluded(Quirk)
        /// It gives wrong answers.
        case failedSelfTest(String)
        /// It calls itself neither GPU nor accelerator nor CPU.
        case unknownKind
    }

    /// One verdict a device, in the order given.
    package let verdicts: [Verdict]
    /// Where `auto` computes.
    package let device: ComputeDevice

    /// Judges devices; a GPU is tested only where no earlier one has passed.
    ///
    /// - Parameter selfTest: Says what is wrong with a device; nil where nothing is.
    package init(among devices: [Device], selfTest: (Device) -> String? = SelfTest.failure(of:)) {
        var judged: [Int: Verdict] = [:]
        var chosen: Device?
        for (index, device) in devices.enumerated() {
            if let quirk = DeviceProfile(device).quirks.first(where: { $0 == .neverAutomatic }) {
                judged[index] = .excluded(quirk)
            } else if chosen == nil, device.kind == .gpu || device.kind == .accelerator {
                if let failure = selfTest(device) { judged[index] = .failedSelfTest(failure) } else { chosen = device }
            }
        }
        let fallback = devices.indices.first { judged[$0] == nil && devices[$0].kind == .cpu }
        let winner = chosen ?? fallback.map { devices[$0] }
        verdicts = devices.enumerated().map { index, device in
            if let verdict = judged[index] { return verdict }
            guard let winner else { return .unknownKind }
            return winner === device ? .chosen : .outranked(by: winner)
        }
        self.device = winner.map { .openCL($0) } ?? .reference
    }
}
