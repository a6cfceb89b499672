package import OpenCLRuntime
package import Operations

/// The operations on an OpenCL device.
///
/// Owns queue, kernels and memory; not `Sendable`: one per thread of use.
package final class OpenCLBackend: Backend {
    package typealias Tensor = DeviceTensor
    package typealias Failure = OpenCLError

    /// How a backend differs from the default.
    package struct Options: Sendable {
        /// Variants to use in place of the best that the device can run.
        package var variants: [Operation: KernelVariant] = [:]
        /// Fills the memory of every result with NaN first: a test's way to see what is not written.
        package var fillsWithNaN = false
        /// Collects the time of every launch.
        package var profiles = false
        /// Whether layer norm runs inside the linear that follows; nil for what the tuning says.
        package var fusesLayerNorm: Bool?
        /// Whether the `tiled` variant of `linear` keeps its weights as half; sums stay float32.
        package var storesWeightsAsHalf = false
        /// The kind of device to tune for; nil for the device's own.
        package var tunedAs: Device.Kind?
        /// What was measured on the device; it goes before the tunings that ship.
        package var measuredTunings: TuningValues = [:]
        /// Where compiled programs are kept; nil for nowhere.
        package var programCache: ProgramCache?
        /// Bytes that buffers may take together; nil for four fifths of the device's memory.
        package var memoryLimit: Int?
        /// What the products of linear layers are computed in; nil for what `auto` comes to on the device.
        package var precision: Precision? = .float32
        /// The form of a product in less than float32; nil for the best that a probe finds.
        package var narrowForm: NarrowForm?
        /// The instruction that attention runs by beside `narrowForm`; nil for that form's.
        package var narrowAttention: MatrixInstruction?
        /// Where what probes found is kept between starts; nil for nowhere.
        package var selections: (any NarrowSelectionStore)?
        /// Stands in for the clock where right products are compared: a test's way to say which is fast.
        package var narrowTiming: NarrowTiming?
        /// What a probe chooses among, the portable product last in each precision; nil for what the device should have.
        package var candidates: [NarrowProduct]?
        /// Whether `narrowForm` is a matrix instruction to be emulated: a test's way to run its layouts anywhere.
        package var emulatesMatrices = false
        /// Whether passes go to the device through pinned memory; nil for what its kind of memory asks for.
        package var stagesTransfers: Bool?
        /// Whether weights are packed in mapped buffers; nil for on CPU devices alone: what a GPU maps, though its memory be
        /// the host's, may be a second copy, or slow to write in pieces.
        package var packsInPlace: Bool?
        /// Is told of kernels that are about to be compiled one by one, by a driver whose processes share what they compile, so
        /// that another process may compile some of them; must not wait for it.
        package var shareCompilation: (@Sendable (KernelCompilation) -> Void)?
        /// How buffers are placed.
        package var placement = Context.BufferPlacement.device

        /// The default.
        package init() {}
    }

    /// The device as operations see it.
    package let profile: DeviceProfile
    let queue: CommandQueue
    private(set) var pool: BufferPool
    let fusesLayerNorm: Bool
    let storesWeightsAsHalf: Bool
    let stagesTransfers: Bool?
    let packsInPlace: Bool
    let library: KernelLibrary
    /// Nil where a driver keeps nothing, or where no second core would do the work.
    let shareCompilation: (@Sendable (KernelCompilation) -> Void)?
    /// Reading a program that it has kept takes a driver a twentieth of a second, compiling it more than one.
    var longestReading = Duration.milliseconds(400)
    /// How products in less than float32 run; nil where products are float32.
    package private(set) var selection: NarrowSelection?
    private let variants: [Operation: KernelVariant]
    private let profiler: LaunchProfiler?
    /// What was launched since a capture began; nil outside of one.
    private var recorded: [LaunchRequest]?
    private var capturedBufferCount = 0

    /// Opens a device.
    package init(_ device: Device, options: Options = Options()) throws(OpenCLError) {
        let profile = DeviceProfile(device, tunedAs: options.tunedAs, measured: options.measuredTunings)
        let context = try Context(
            device, budget: options.memoryLimit.map(MemoryBudget.init(limit:)), placement: options.placement)
        self.profile = profile
        queue = try CommandQueue(context, profiling: options.profiles)
        pool = BufferPool(queue, fillsWithNaN: options.fillsWithNaN)
        let driverKeepsPrograms = profile.quirks.contains(.driverKeepsPrograms)
        library = KernelLibrary(context, cache: driverKeepsPrograms ? nil : options.programCache)
        shareCompilation = driverKeepsPrograms && device.computeUnits > 1 ? options.shareCompilation : nil
        fusesLayerNorm = options.fusesLayerNorm ?? profile.linear.fusesLayerNorm
        storesWeightsAsHalf = options.storesWeightsAsHalf
        stagesTransfers = options.stagesTransfers
        packsInPlace = options.packsInPlace ?? (device.kind == .cpu && device.isMemoryUnified)
        profiler = options.profiles ? LaunchProfiler() : nil
        variants = Dictionary(
            uniqueKeysWithValues: Operation.allCases.map { operation in
                let possible = SelectionTable.variants(of: operation, on: profile)
                let chosen = options.variants[operation].flatMap { possible.contains($0) ? $0 : nil } ?? possible[0]
                return (operation, chosen)
            })
        func candidates(for precision: Precision) -> [NarrowProduct] {
            options.candidates?.filter { $0.precision == precision } ?? NarrowForm.products(in: precision, on: device)
        }
        let probe = NarrowProbe(device, options)
        switch (options.precision, options.narrowForm) {
        case (.float32, _): break
        case (let precision?, let form?):
            let product = NarrowProduct(precision, form, emulation: options.emulatesMatrices ? .faithful : nil)
            selection = NarrowSelection(product, attention: options.narrowAttention ?? form.instruction)
        case (let precision?, nil):
            selection = try probe.select(among: candidates(for: precision))
        case (nil, _):
            selection = try NarrowSelection.automatic { precision throws(OpenCLError) in
                // Devices without matrix instructions are not put to a probe.
                try probe.select(
                    among: candidates(for: precision).filter {
                        $0.form == .portable || $0.form.instruction?.isHardware == true
                    })
            }
        }
    }

    /// What the products of linear layers are computed in.
    package var precision: Precision { selection?.product.precision ?? .float32 }

    /// How products in less than float32 run; nil where products are float32.
    package var narrowProduct: NarrowProduct? { selection?.product }

    /// Rows and columns of a work-group of the blocks' linear layers; nil on CPU devices, and where groups have no tile.
    package var linearTile: (rows: Int, columns: Int)? {
        guard profile.device.kind != .cpu else { return nil }
        if let product = narrowProduct, let instruction = product.form.instruction {
            if instruction == .wgmma { return (WarpGroupTile.largest.blockRows, WarpGroupTile.largest.panel) }
            let tile = MatrixTile(instruction, isEmulated: product.isEmulated)
            return (tile.blockRows, tile.panel(instruction))
        }
        guard narrowProduct == nil, variant(of: .linear) == .tiled else { return nil }
        return (profile.linearTiled.groupHeight, profile.linearTiled.panel)
    }

    /// The variant that an operation runs in.
    package func variant(of operation: Operation) -> KernelVariant { variants[operation] ?? .plain }

    /// Device memory in use and at its peak, in bytes.
    package var memory: (used: Int, peak: Int) { (queue.context.budget.used, queue.context.budget.peak) }

    /// Buffers made so far, parameters apart; constant once a pass of the same shape has run.
    package var bufferCount: Int { pool.madeCount + capturedBufferCount }

    /// Waits until everything that was launched has run.
    package func finish() throws(OpenCLError) { try queue.finish() }

    /// The time of every launch since the last call, by kernel, in launch order; empty unless profiling was asked for.
    package func takeProfile() throws(OpenCLError) -> [LaunchTime] { try profiler?.take() ?? [] }

    /// What a kernel gets.
    enum Argument {
        case buffer(Buffer)
        /// A pointer that the specialization does not read.
        case unused
        case int(Int)
        case float(Float)
        case float4(SIMD4<Float>)
    }

    /// Compiles the kernel where need be, binds its arguments and enqueues it; within a capture, notes it.
    ///
    /// - Parameters:
    ///   - variant: The kernel, where it is not the operation's own: sizes that its own cannot run.
    ///   - kernel: The kernel where it is none of the operation's variants.
    ///   - flop: What the sizes ask for, as the case lists count it; for the profile alone.
    ///   - bytes: What must be read and written, where that is not all of every buffer; for the profile alone.
    func launch(
        _ operation: Operation, as variant: KernelVariant? = nil, kernel: String? = nil, _ defines: [String: Int],
        _ arguments: [Argument], flop: Int, bytes: Int? = nil, global: NDRange, local: NDRange?
    ) throws(OpenCLError) {
        let variant = variant ?? self.variant(of: operation)
        let specialization = Specialization(kernel ?? operation.kernelName + variant.suffix, defines)
        let request = LaunchRequest(
            operation: operation, specialization: specialization, arguments: arguments, flop: flop, knownBytes: bytes,
            global: global, local: local)
        guard recorded == nil else {
            recorded?.append(request)
            return
        }
        let entry = try library.kernel(for: specialization)
        try entry.kernel.bind(arguments)
        try enqueue(request, entry.kernel, bytes: profiler == nil ? 0 : request.bytes)
    }

    /// Enqueues a launch of a captured pass.
    func enqueue(_ launch: BoundLaunch) throws(OpenCLError) {
        try enqueue(launch.request, launch.kernel, bytes: launch.bytes)
    }

    private func enqueue(
        _ request: LaunchRequest, _ kernel: borrowing Kernel, bytes: Double
    ) throws(OpenCLError) {
        guard let profiler else { return try queue.launch(kernel, global: request.global, local: request.local) }
        profiler.record(
            request.operation, request.specialization, flop: Double(request.flop), bytes: bytes,
            try queue.launchWithEvent(kernel, global: request.global, local: request.local))
    }

    /// Runs a pass whose launches are noted instead of run, its tensors in a pool that is not used again.
    func recordingLaunches<Result>(
        _ pass: () throws(OpenCLError) -> Result
    ) throws(OpenCLError) -> (Result, [LaunchRequest]) {
        precondition(recorded == nil, "a capture within a capture")
        let shared = pool
        pool = BufferPool(queue, fillsWithNaN: shared.fillsWithNaN)
        recorded = []
        defer {
            capturedBufferCount += pool.madeCount
            pool = shared
            recorded = nil
        }
        let result = try pass()
        return (result, recorded ?? [])
    }
}
