import Glibc
import OpenCLRuntime
import Testing

@Suite(.tags(.device), .requiresOpenCL, .serialized)
struct BufferTests {
    @Test("The budget refuses what is over it, and takes back what is released")
    func budget() throws {
        let device = try TestDevice.require()
        let budget = MemoryBudget(limit: 3_000_000)
        let context = try Context(device, budget: budget)
        var first: Buffer? = try Buffer(context, byteCount: 2_000_000)
        #expect(budget.used == 2_000_000 && first?.byteCount == 2_000_000)
        let error = try #require(throws: OpenCLError.self) { try Buffer(context, byteCount: 1_500_000) }
        #expect(error.kind == .outOfMemory)
        for number in ["1.5 MB", "2.0 MB", "3.0 MB"] { #expect("\(error)".contains(number)) }
        first = nil
        #expect(budget.used == 0)
        let second = try Buffer(context, byteCount: 3_000_000)
        #expect(budget.used == second.byteCount && budget.peak == 3_000_000)
    }

    @Test("The default budget is four fifths of the device's memory")
    func defaultBudget() throws {
        let device = try TestDevice.require()
        let share = Double(try Context(device).budget.limit) / Double(device.globalMemory)
        #expect(abs(share - 0.8) < 1e-6)
    }

    @Test("A buffer larger than the device allows is refused before the driver is asked, and costs no budget")
    func maximumAllocation() throws {
        let device = try TestDevice.require()
        let context = try Context(device, budget: MemoryBudget(limit: .max))
        let error = try #require(throws: OpenCLError.self) {
            try Buffer(context, byteCount: device.maximumAllocation + 1)
        }
        #expect(error.kind == .outOfMemory && error.call == nil)
        #expect(context.budget.used == 0)
    }

    @Test(
        "What the host writes into a mapped buffer is there afterwards",
        arguments: [Context.BufferPlacement.device, .guarded])
    func mapping(placement: Context.BufferPlacement) throws {
        let context = try Context(TestDevice.require(), placement: placement)
        let queue = try CommandQueue(context)
        let buffer = try Buffer(context, byteCount: 5000)
        try queue.fill(buffer, with: UInt8(9))
        try queue.overwrite(buffer) { bytes in
            #expect(bytes.count == 5000)
            for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: index) }
        }
        #expect(try queue.read(count: 5000, from: buffer) == (0..<5000).map { UInt8(truncatingIfNeeded: $0) })
    }

    @Test(
        "Fills, copies, writes and reads go where they are told", arguments: [Context.BufferPlacement.device, .guarded])
    func transfers(placement: Context.BufferPlacement) throws {
        let context = try Context(TestDevice.require(), placement: placement)
        let queue = try CommandQueue(context)
        let a = try Buffer(context, byteCount: 40)
        let b = try Buffer(context, byteCount: 24)
        try queue.fill(a, with: Int32(7))
        try queue.fill(a, with: UInt8(0), offset: 4, byteCount: 3)
        try queue.fill(b, with: SIMD2<Int32>(1, 2))
        try queue.copy(from: b, offset: 4, to: a, offset: 32, byteCount: 8)
        #expect(try queue.read(count: 10, from: a) == [7, 7 & ~0xFFFFFF, 7, 7, 7, 7, 7, 7, 2, 1] as [Int32])
        let bytes: [UInt8] = [1, 2, 3]
        try bytes.withUnsafeBytes { try queue.write(from: $0, to: b, offset: 21) }
        var tail = [UInt8](repeating: 0, count: 4)
        try tail.withUnsafeMutableBytes { try queue.read(from: b, offset: 20, into: $0) }
        #expect(tail == [2, 1, 2, 3])
        try bytes.withUnsafeBytes {
            try queue.writeWithoutWaiting(from: $0, to: a); try queue.flush(); try queue.finish()
        }
        #expect(try queue.read(count: 3, from: a) == bytes)
    }

    @Test("An empty buffer is a mistake of ours and traps")
    func emptyBuffer() async {
        await #expect(processExitsWith: .failure) {
            do {
                _ = try Buffer(Context(TestDevice.require()), byteCount: 0)
            } catch {
                exit(EXIT_SUCCESS)
            }
        }
    }

    @Test("A transfer beyond a buffer's end traps")
    func transferBeyondEnd() async {
        await #expect(processExitsWith: .failure) {
            do {
                let context = try Context(TestDevice.require())
                let buffer = try Buffer(context, byteCount: 8)
                try CommandQueue(context).write([1, 2, 3] as [Float], to: buffer)
            } catch {
                exit(EXIT_SUCCESS)
            }
        }
    }

    @Test("In guarded memory an access one element past the end stops the process", .requiresCPUDevice)
    func guardPage() async {
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            let context = try Context(TestDevice.require(), placement: .guarded)
            let program = try Program(context, source: VectorAdd.source)
            _ = try VectorAdd.run(program, count: 1003, computing: 1004)
        }
    }
}
