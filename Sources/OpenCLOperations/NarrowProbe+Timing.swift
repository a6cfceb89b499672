import OpenCLRuntime
import Operations

extension NarrowProbe {
    /// Rounds in which each product has its turn; the best counts, for whatever else happens only adds to a time.
    private static let rounds = 5

    /// The product, among some that are right, that takes the least time, and why it is not the others.
    ///
    /// Nothing is timed where there is a single one.
    func fastest(
        of products: [NarrowProduct], timing: NarrowTiming?
    ) -> (product: NarrowProduct, refusals: [NarrowSelection.Refusal]) {
        guard products.count > 1 else { return (products[0], []) }
        return NarrowSelection.fastest(of: products, times(of: products, timing: timing))
    }

    /// The best time of each product, or what kept it from having one.
    private func times(of products: [NarrowProduct], timing: NarrowTiming?) -> [Result<Double, OpenCLError>] {
        let layer = TimedLayer(isSmall: products.contains { $0.isEmulated })
        var clocks: [Clock?] = products.map { _ in nil }
        var times: [Result<Double, OpenCLError>] = products.map { _ in .success(.infinity) }
        // In turns: where the device's clock changes meanwhile, it changes for all.
        for _ in 0..<Self.rounds {
            for (index, product) in products.enumerated() {
                guard case .success(let best) = times[index] else { continue }
                do throws(OpenCLError) {
                    let time = try attempt { backend throws(OpenCLError) in
                        if let timing { return try timing(product) }
                        let kept = clocks[index].flatMap { $0.backend === backend ? $0 : nil }
                        let clock = if let kept { kept } else { try Clock(layer, by: product, on: backend) }
                        clocks[index] = clock
                        return try clock.seconds()
                    }
                    times[index] = .success(min(best, time))
                } catch {
                    // Another backend follows a device that has failed, and what is bound to this one goes with it.
                    if error.kind == .deviceLost { clocks = products.map { _ in nil } }
                    times[index] = .failure(error)
                }
            }
        }
        return times
    }
}

/// Times a layer by a product that has run once.
private struct Clock {
    let backend: OpenCLBackend
    private let launches: Int
    private let x: DeviceTensor
    private let norm: OpenCLLayerNorm
    private let linear: OpenCLLinear

    init(_ layer: TimedLayer, by product: NarrowProduct, on backend: OpenCLBackend) throws(OpenCLError) {
        (self.backend, launches) = (backend, layer.launches)
        (x, norm) = (try backend.upload(layer.input), try backend.prepare(layer.norm))
        linear = try backend.prepareNarrow(layer.linear, product)
        try run()
        try backend.finish()
    }

    private func run() throws(OpenCLError) {
        _ = try backend.linear(x, linear, after: norm, then: .gelu, adding: nil)
    }

    /// Of one layer.
    func seconds() throws(OpenCLError) -> Double {
        let start = ContinuousClock.now
        for _ in 0..<launches { try run() }
        try backend.finish()
        return start.duration(to: .now) / .seconds(1) / Double(launches)
    }
}

extension NarrowSelection {
    /// A product that is preferred stays so where another is faster by less than this part: which of two is nearly as fast as
    /// the other changes from start to start, and the bits of every answer would with it.
    private static let indifference = 0.05

    /// The first product that is about as fast as the fastest, and why it is not the others; the first where no time could be
    /// taken.
    static func fastest(
        of products: [NarrowProduct], _ times: [Result<Double, OpenCLError>]
    ) -> (product: NarrowProduct, refusals: [Refusal]) {
        let seconds = times.map { (try? $0.get()) ?? .infinity }
        let limit = (seconds.min() ?? .infinity) * (1 + indifference)
        let winner = seconds.firstIndex { $0 <= limit } ?? 0
        let refusals = products.indices.filter { $0 != winner }.map { index in
            switch times[index] {
            case .failure(let error): return Refusal(.linear, by: products[index].form, error)
            case .success(let time):
                let comparison =
                    "\(time.asMilliseconds) ms against \(seconds[winner].asMilliseconds) of \(products[winner].form.rawValue)"
                let isNear = time < seconds[winner]
                return Refusal(
                    .linear, by: products[index].form, .slower, comparison + (isNear ? ", too little to matter" : ""))
            }
        }
        return (products[winner], refusals)
    }
}

/// The first half of a block's MLP, as large as ViT-B has it for some twenty pictures: norm, product and gelu.
private struct TimedLayer {
    let input: HostTensor
    let norm: LayerNormParameters
    let linear: LinearParameters
    /// Launches in a row, so that the wait for the last of them does not matter.
    let launches: Int

    /// - Parameter isSmall: For instructions that are functions over local memory.
    init(isSmall: Bool) {
        let (rows, inputs, outputs) = isSmall ? (64, 64, 128) : (4096, 768, 3072)
        launches = isSmall ? 1 : 8
        // As zeros do not: what changes from number to number takes power, and power the clock.
        func values(_ count: Int) -> [Float] {
            [Float](unsafeUninitializedCapacity: count) { elements, initializedCount in
                for index in 0..<count { elements[index] = Float((index &* 7919) % 257 - 128) / 128 }
                initializedCount = count
            }
        }
        input = HostTensor([rows, inputs], values(rows * inputs))
        norm = LayerNormParameters(
            scale: [Float](repeating: 1, count: inputs), shift: [Float](repeating: 0, count: inputs), epsilon: 1e-6)
        linear = LinearParameters(weight: HostTensor([outputs, inputs], values(outputs * inputs)))
    }
}

extension Double {
    /// Seconds in milliseconds, to a thousandth.
    fileprivate var asMilliseconds: Double { (self * 1e6).rounded() / 1e3 }
}
