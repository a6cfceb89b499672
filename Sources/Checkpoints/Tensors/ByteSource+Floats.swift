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
        self.init()
        values.withUnsafeBufferPointer { add($0, at: 0) }
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

    private func fill(
        _ values: UnsafeMutableBufferPointer<Float>, from type: ScalarType, at offset: Int, isBigEndian: Bool,
        count: Int
    ) throws(CheckpointError) -> NonFiniteCount {
        var nonFinite = NonFiniteCount()
        let isDirect = type == .float32 && !isBigEndian
        let bufferSize = isDirect ? 0 : min(count, Self.step) * type.byteCount
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferSize, alignment: 64)
        defer { buffer.deallocate() }
        var start = 0
        while start < count {
            let length = min(Self.step, count - start)
            let part = UnsafeMutableBufferPointer(rebasing: values[start..<(start + length)])
            let position = offset + start * type.byteCount
            if isDirect {
                try read(into: UnsafeMutableRawBufferPointer(part), at: position)
            } else {
                let raw = UnsafeMutableRawBufferPointer(rebasing: buffer[..<(length * type.byteCount)])
                try read(into: raw, at: position)
                part.convert(UnsafeRawBufferPointer(raw), from: type, isBigEndian: isBigEndian)
            }
            nonFinite.add(UnsafeBufferPointer(part), at: start)
            start += length
        }
        return nonFinite
    }
}

extension NonFiniteCount {
    /// Looks through one step of a tensor; the first loop has no branch, so that it is vectorized.
    fileprivate mutating func add(_ values: UnsafeBufferPointer<Float>, at start: Int) {
        let exponent: UInt32 = 0x7F80_0000
        var found: UInt32 = 0
        for value in values { found &+= value.bitPattern & exponent == exponent ? 1 : 0 }
        guard found > 0 else { return }
        count += Int(found)
        if firstIndex == nil {
            firstIndex = values.firstIndex { !$0.isFinite }.map { start + $0 }
        }
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
