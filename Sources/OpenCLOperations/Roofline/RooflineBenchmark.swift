package import OpenCLRuntime

/// Measures the two ceilings of a device, in about a second.
package enum RooflineBenchmark {
    /// Launches in a row that bring nothing shorter before the shortest is believed, and most launches in all.
    ///
    /// The shortest counts: nothing shall pass a ceiling, and whatever else the machine does only lowers a measurement.
    private static let (patience, mostLaunches) = (40, 400)
    /// A launch lasts at least so long, so that its start and end do not matter.
    private static let shortestLaunch: UInt64 = 4_000_000
    private static let leastBytes = 64 << 20
    private static let mostBytes = 1 << 30

    /// Runs both kernels.
    ///
    /// - Parameter cache: Where compiled programs are kept; nil for nowhere.
    /// - Throws: Where the device fails, or has too little memory.
    package static func measure(_ device: Device, cache: ProgramCache?) throws(OpenCLError) -> Roofline {
        let context = try Context(device)
        let queue = try CommandQueue(context, profiling: true)
        let tuning = RooflineTuning(for: device)
        return Roofline(
            flopPerSecond: try fmaRate(queue, tuning, cache), bytesPerSecond: try readRate(queue, tuning, cache))
    }

    private static func fmaRate(
        _ queue: CommandQueue, _ tuning: RooflineTuning, _ cache: ProgramCache?
    ) throws(OpenCLError) -> Double {
        var kernel = try kernel(Specialization("fma_rate", tuning.fmaDefines), queue.context, cache)
        let items = queue.context.device.computeUnits * tuning.groupsPerUnit * tuning.group
        let (x, y) = (try Buffer(queue.context, byteCount: 12), try Buffer(queue.context, byteCount: items * 4))
        defer { withExtendedLifetime((x, y)) {} }
        try queue.write([0.999, 0.001, 0.5] as [Float], to: x)
        try kernel.setArgument(0, x)
        try kernel.setArgument(1, y)
        var steps = 64
        var time: UInt64 = 0
        while true {
            try kernel.setArgument(2, Int32(steps))
            time = try shortest(patience: 1, queue, kernel, items, tuning.group)
            guard time < shortestLaunch, steps < 1 << 24 else { break }
            steps *= 2
        }
        time = min(time, try shortest(patience: patience, queue, kernel, items, tuning.group))
        let flop = 2 * items * RooflineTuning.unroll * tuning.chains * tuning.vector
        return Double(flop) * Double(steps) / seconds(time)
    }

    private static func readRate(
        _ queue: CommandQueue, _ tuning: RooflineTuning, _ cache: ProgramCache?
    ) throws(OpenCLError) -> Double {
        let device = queue.context.device
        // Larger than any cache, so that every pass comes from memory.
        let wanted = max(leastBytes, min(mostBytes, 4 * device.cacheSize))
        let groups = max(
            1, min(wanted, device.maximumAllocation / 2, device.globalMemory / 8) / (RooflineTuning.span * 4))
        var kernel = try kernel(Specialization("read_rate", tuning.readDefines), queue.context, cache)
        let x = try Buffer(queue.context, byteCount: groups * RooflineTuning.span * 4)
        let y = try Buffer(queue.context, byteCount: groups * tuning.group * 4)
        defer { withExtendedLifetime((x, y)) {} }
        // Pages that nobody has written may all be the same page of zeros.
        try queue.fill(x, with: 1 as Float)
        try kernel.setArgument(0, x)
        try kernel.setArgument(1, y)
        let time = try shortest(patience: patience, queue, kernel, groups * tuning.group, tuning.group)
        return Double(x.byteCount) / seconds(time)
    }

    private static func kernel(
        _ specialization: Specialization, _ context: Context, _ cache: ProgramCache?
    ) throws(OpenCLError) -> Kernel {
        let program = try Program(
            context, source: specialization.source, options: specialization.options, cache: cache)
        return try Kernel(program, specialization.kernel)
    }

    /// The shortest launch, in nanoseconds, once so many in a row were not shorter by a thousandth.
    private static func shortest(
        patience: Int, _ queue: CommandQueue, _ kernel: borrowing Kernel, _ items: Int, _ group: Int
    ) throws(OpenCLError) -> UInt64 {
        var (best, since) = (UInt64.max, 0)
        for _ in 0..<mostLaunches {
            let time = try queue.launchWithEvent(kernel, global: [items], local: [group]).times().duration
            since = time < best - best / 1000 ? 0 : since + 1
            best = min(best, time)
            if since >= patience { break }
        }
        return best
    }

    private static func seconds(_ nanoseconds: UInt64) -> Double { max(Double(nanoseconds), 1) * 1e-9 }
}
