package import OpenCLRuntime

/// Measures the two ceilings of a device, in about a second.
package enum RooflineBenchmark {
    /// Launches in a row that bring nothing faster before the fastest is believed, and most launches in all.
    ///
    /// The fastest counts: nothing shall pass a ceiling, and whatever else the machine does only lowers a measurement.
    private static let (patience, mostLaunches) = (40, 400)
    private static let leastBytes = 64 << 20
    private static let mostBytes = 1 << 30

    /// Runs both kernels.
    ///
    /// - Parameter cache: Where compiled programs are kept; nil for nowhere.
    /// - Throws: Where the device fails, or has too little memory.
    package static func measure(_ device: Device, cache: ProgramCache?) throws(OpenCLError) -> Roofline {
        let probe = try FMAProbe(device, cache: cache)
        return Roofline(
            flopPerSecond: try highest { () throws(OpenCLError) in try probe.flopPerSecond() },
            bytesPerSecond: try readRate(device, cache))
    }

    private static func readRate(_ device: Device, _ cache: ProgramCache?) throws(OpenCLError) -> Double {
        let tuning = RooflineTuning(for: device)
        let queue = try CommandQueue(try Context(device), profiling: true)
        // Larger than any cache, so that every pass comes from memory.
        let wanted = max(leastBytes, min(mostBytes, 4 * device.cacheSize))
        let groups = max(
            1, min(wanted, device.maximumAllocation / 2, device.globalMemory / 8) / (RooflineTuning.span * 4))
        var kernel = try KernelLibrary(queue.context, cache: cache)
            .newKernel(for: Specialization("read_rate", tuning.readDefines))
        let x = try Buffer(queue.context, byteCount: groups * RooflineTuning.span * 4)
        let y = try Buffer(queue.context, byteCount: groups * tuning.group * 4)
        defer { withExtendedLifetime((x, y)) {} }
        // Pages that nobody has written may all be the same page of zeros.
        try queue.fill(x, with: 1 as Float)
        try kernel.setArgument(0, x)
        try kernel.setArgument(1, y)
        return try highest { () throws(OpenCLError) in
            Double(x.byteCount) / (try queue.seconds(of: kernel, items: groups * tuning.group, group: tuning.group))
        }
    }

    /// The highest of many rates, once so many in a row were not higher by a thousandth.
    private static func highest(_ rate: () throws(OpenCLError) -> Double) throws(OpenCLError) -> Double {
        var (best, since) = (0.0, 0)
        for _ in 0..<mostLaunches {
            let rate = try rate()
            since = rate > best * 1.001 ? 0 : since + 1
            best = max(best, rate)
            if since >= patience { break }
        }
        return best
    }
}
