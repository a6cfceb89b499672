/// Why something on an OpenCL device could not be done.
///
/// Printed as one sentence that tells what was refused and by which call, then the next step. The build log is apart,
/// because it is long.
package struct OpenCLError: Error, Sendable {
    /// What a program can do about a failure.
    package enum Kind: Sendable, Hashable {
        /// No OpenCL driver is installed.
        case noPlatform
        /// Drivers are installed, but none offers a device.
        case noDevice
        /// The device's memory, or our share of it, does not suffice.
        case outOfMemory
        /// The compiler refused the program; `buildLog` tells why.
        case buildFailure
        /// The device failed while it worked: everything of its context must be thrown away.
        case deviceLost
        /// A directory that the driver compiles in is full or cannot be written.
        case storage
        /// A call was used wrongly: a mistake of ours.
        case other
    }

    /// What a program can do about it.
    package let kind: Kind
    /// The OpenCL function that failed; nil where our own check refused first.
    package let call: String?
    /// What the function returned; nil where our own check refused first.
    package let status: OpenCLStatus?
    /// What was attempted and what was found against what is allowed, a sentence without its full stop.
    package var context: String?
    /// What to do next, a sentence without its full stop.
    package var nextStep: String?
    /// The compiler's own words, many lines.
    package let buildLog: String?

    /// A refusal by our own check, before any driver was asked.
    package init(_ kind: Kind, _ context: String, nextStep: String? = nil) {
        self.kind = kind
        self.call = nil
        self.status = nil
        self.context = context
        self.nextStep = nextStep
        self.buildLog = nil
    }

    /// A failure that an OpenCL function returned.
    package init(
        call: String, status: OpenCLStatus, kind: Kind? = nil, context: String? = nil, nextStep: String? = nil,
        buildLog: String? = nil
    ) {
        self.kind = kind ?? Kind(status: status)
        self.call = call
        self.status = status
        self.context = context
        self.nextStep = nextStep
        self.buildLog = buildLog
    }
}

extension OpenCLError: CustomStringConvertible {
    /// What was attempted, the call and its status by name, the next step: one or two sentences, without the build log.
    package var description: String {
        var what = context
        if let call, let status {
            let failure = "\(call) returned \(status)"
            what = what.map { "\($0): \(failure)" } ?? failure
        }
        return [what, nextStep].compactMap { $0.map { $0 + "." } }.joined(separator: " ")
    }
}

extension OpenCLError.Kind {
    /// What a status means where the call says no more.
    init(status: OpenCLStatus) {
        self =
            switch status.rawValue {
            case -1001, -32: .noPlatform
            case -1, -2: .noDevice
            case -4, -6, -61: .outOfMemory
            case -5, -36, -9999, -14: .deviceLost
            case -3, -11, -15, -17: .buildFailure
            default: .other
            }
    }

    /// What a status means after work has reached the device: there −5 and −6 too leave a dead context behind.
    ///
    /// NVIDIA answers −5 or −9999 to an illegal access and refuses everything afterwards; a queue turns invalid (−36)
    /// when its device is lost.
    init(statusAfterEnqueue status: OpenCLStatus) {
        self =
            switch status.rawValue {
            case -5, -6, -36, -9999, -14: .deviceLost
            default: Self(status: status)
            }
    }
}

/// Throws what an OpenCL function returned, unless it went well.
@inline(__always)
func check(_ status: Int32, _ call: @autoclosure () -> String) throws(OpenCLError) {
    guard status != 0 else { return }
    throw OpenCLError(call: call(), status: OpenCLStatus(rawValue: status))
}

/// Throws what a function that puts work on a queue, or waits for it, returned.
@inline(__always)
func checkQueue(_ status: Int32, _ call: @autoclosure () -> String) throws(OpenCLError) {
    guard status != 0 else { return }
    throw queueFailure(status, call())
}

private func queueFailure(_ status: Int32, _ call: String) -> OpenCLError {
    let status = OpenCLStatus(rawValue: status)
    let kind = OpenCLError.Kind(statusAfterEnqueue: status)
    return OpenCLError(
        call: call, status: status, kind: kind,
        nextStep: kind == .deviceLost ? "The device failed; open it again, or choose another one" : nil)
}
