import Checkpoints
import Fovea
import OpenCLOperations

/// Passes in the Trace Event Format, which chrome://tracing and ui.perfetto.dev show.
struct ChromeTrace {
    let host: String
    let device: String
    let passes: [TracedPass]

    private static let (hostTrack, deviceTrack) = (1, 2)

    /// The document: complete events, times in microseconds.
    var json: JSON {
        var events = [name(Self.hostTrack, host), name(Self.deviceTrack, device)]
        for pass in passes {
            for step in pass.steps {
                events.append(event(step.name, Self.hostTrack, pass.start + step.start, step.seconds, nil))
            }
            for (launch, start) in pass.launches {
                let seconds = Double(launch.nanoseconds) * 1e-9
                events.append(
                    event(
                        launch.kernel, Self.deviceTrack, pass.start + start, seconds,
                        [
                            "sizes": JSON(launch.label), "flop": JSON(launch.flop), "bytes": JSON(launch.bytes),
                            "gigaflopPerSecond": JSON(launch.flop / max(seconds, 1e-12) / 1e9),
                        ]))
            }
        }
        return ["displayTimeUnit": "ms", "traceEvents": .array(events)]
    }

    private func name(_ track: Int, _ name: String) -> JSON {
        ["ph": "M", "name": "thread_name", "pid": 1, "tid": JSON(track), "args": ["name": JSON(name)]]
    }

    private func event(_ name: String, _ track: Int, _ start: Double, _ seconds: Double, _ details: JSON?) -> JSON {
        var members = JSON.Object([
            ("ph", "X"), ("name", JSON(name)), ("pid", 1), ("tid", JSON(track)), ("ts", JSON(start * 1e6)),
            ("dur", JSON(seconds * 1e6)),
        ])
        members["args"] = details
        return .object(members)
    }
}
