import Operations

/// How many values are NaN or infinite, and where the first of them lies.
package struct NonFiniteCount: Hashable, Sendable {
    /// How many.
    package private(set) var count: Int
    /// Row-major index of the first one.
    package private(set) var firstIndex: Int?

    /// Notes how many there are and where the first lies; none at all by default.
    package init(count: Int = 0, firstIndex: Int? = nil) {
        self.count = count
        self.firstIndex = firstIndex
    }

    /// Counts in values that are at hand.
    package init(of values: [Float]) {
        self = values.withUnsafeBufferPointer { NonFiniteCount(of: $0, at: 0) }
    }
}

extension ByteSource {
    /// Reads `count` consecutive scalars as Float, looking for NaN and infinity in the same pass.
    ///
    /// F32 is read straight into the result; the others pass through a buffer that stays in the processor's cache. Exact for
    /// F32, F16, BF16 and integers of 16 bits or less, rounded to nearest for the others: a Double beyond the range of a
    /// Float becomes infinite, and is counted. The caller has checked that the source reaches so far.
    func floats(
        _ type: ScalarType, count: Int, at offset: Int, isBigEndian: Bool = false
    ) throws(CheckpointError) -> (values: [Float], nonFinite: NonFiniteCount) {
        var nonFinite = NonFiniteCount()
        var failure: CheckpointError?
        let values = [Float](unsafeUninitializedCapacity: count) { values, initialized in
            do throws(CheckpointError) {
                nonFinite = try fill(values, from: type, at: offset, isBigEndian: isBigEndian, count: count)
                initialized = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return (values, nonFinite)
    }

    /// Elements in a step: small enough that a step is still in the second-level cache when it is looked at again.
    private static var step: Int { 64 * 1024 }

    /// All steps, on all cores.
    private func fill(
        _ values: UnsafeMutableBufferPointer<Float>, from type: ScalarType, at offset: Int, isBigEndian: Bool,
        count: Int
    ) throws(CheckpointError) -> NonFiniteCount {
        guard count > 0 else { return NonFiniteCount() }
        let target = Shared(values)
        var outcomes = [Result<NonFiniteCount, CheckpointError>](
            repeating: .success(NonFiniteCount()), count: (count + Self.step - 1) / Self.step)
        outcomes.withUnsafeMutableBufferPointer { outcomes in
            let shared = Shared(outcomes)
            parallel(outcomes.count) { index in
                let start = index * Self.step
                let part = UnsafeMutableBufferPointer(start: target.base + start, count: min(Self.step, count - start))
                shared.base[index] = Result { () throws(CheckpointError) in
                    try fillStep(part, from: type, at: offset + start * type.byteCount, isBigEndian: isBigEndian)
                    return NonFiniteCount(of: UnsafeBufferPointer(part), at: start)
                }
            }
        }
        var nonFinite = NonFiniteCount()
        for outcome in outcomes { nonFinite.add(try outcome.get()) }
        return nonFinite
    }

    private func fillStep(
        _ values: UnsafeMutableBufferPointer<Float>, from type: ScalarType, at offset: Int, isBigEndian: Bool
    ) throws(CheckpointError) {
        if type == .float32, !isBigEndian { return try read(into: UnsafeMutableRawBufferPointer(values), at: offset) }
        let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: values.count * type.byteCount, alignment: 64)
        defer { raw.deallocate() }
        try read(into: raw, at: offset)
        values.convert(UnsafeRawBufferPointer(raw), from: type, isBigEndian: isBigEndian)
    }
}

extension NonFiniteCount {
    /// Looks through a part of a tensor that begins at `start`; the first loop has no branch, so that it is vectorized.
    fileprivate init(of values: UnsafeBufferPointer<Float>, at start: Int) {
        let exponent: UInt32 = 0x7F80_0000
        var found: UInt32 = 0
        for value in values { found &+= value.bitPattern & exponent == exponent ? 1 : 0 }
        self.init(
            count: Int(found), firstIndex: found == 0 ? nil : values.firstIndex { !$0.isFinite }.map { start + $0 })
    }

    /// Adds what a later part of the tensor holds.
    fileprivate mutating func add(_ later: NonFiniteCount) {
        count += later.count
        if firstIndex == nil { firstIndex = later.firstIndex }
    }
}

extension UnsafeMutableBufferPointer<Float> {
    /// Initializes every element from as many encoded scalars.
    fileprivate func convert(_ raw: UnsafeRawBufferPointer, from type: ScalarType, isBigEndian swap: Bool) {
        switch type {
        case .float32: convert(raw, UInt32.self, swap) { Float(bitPattern: $0) }
        case .float16: convert(raw, UInt16.self, swap) { Float(halfBitPattern: $0) }
        case .bfloat16: convert(raw, UInt16.self, swap) { Float(bitPattern: UInt32($0) << 16) }
        case .float64: convert(raw, UInt64.self, swap) { Float(Double(bitPattern: $0)) }
        case .int8: convert(raw, Int8.self, swap) { Float($0) }
        case .uint8, .bool: convert(raw, UInt8.self, swap) { Float($0) }
        case .int16: convert(raw, Int16.self, swap) { Float($0) }
        case .uint16: convert(raw, UInt16.self, swap) { Float($0) }
        case .int32: convert(raw, Int32.self, swap) { Float($0) }
        case .uint32: convert(raw, UInt32.self, swap) { Float($0) }
        case .int64: convert(raw, Int64.self, swap) { Float($0) }
        case .uint64: convert(raw, UInt64.self, swap) { Float($0) }
        }
    }

    @inline(__always)
    private func convert<Raw: FixedWidthInteger & BitwiseCopyable>(
        _ raw: UnsafeRawBufferPointer, _: Raw.Type, _ swap: Bool, _ value: (Raw) -> Float
    ) {
        precondition(raw.count == count * MemoryLayout<Raw>.size, "\(raw.count) bytes for \(count) values")
        let source = raw.assumingMemoryBound(to: Raw.self)
        if swap {
            for index in 0..<count { initializeElement(at: index, to: value(source[index].byteSwapped)) }
        } else {
            for index in 0..<count { initializeElement(at: index, to: value(source[index])) }
        }
    }
}

extension Float {
    /// The value of an IEEE 754 binary16, exact, also for subnormal numbers, infinities and NaN.
    ///
    /// Integer operations and one product only: the compiler turns a loop of them into vector code on any processor, where
    /// `Float(Float16)` calls a function for each element unless the target has F16C.
    @inline(__always)
    package init(halfBitPattern half: UInt16) {
        let magnitude = UInt32(half & 0x7FFF) << 13
        // As a Float these bits are the value times 2⁻¹¹², the difference of the two exponent biases.
        let scaled = (Float(bitPattern: magnitude) * Float(sign: .plus, exponent: 112, significand: 1)).bitPattern
        let isSpecial = magnitude >= 0x0F80_0000
        let bits = isSpecial ? magnitude | 0x7F80_0000 : scaled
        self.init(bitPattern: bits | UInt32(half & 0x8000) << 16)
    }
}
