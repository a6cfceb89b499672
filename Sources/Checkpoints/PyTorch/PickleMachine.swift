/// Runs the opcodes of a pickle that `torch.save` wrote; it can make data and tensors, and nothing else.
///
/// Nothing is ever called or imported: a pickle names what it wants, and a name that is not in `PickleGlobal` ends the
/// reading. Opcodes: CPython `Lib/pickletools.py`.
struct PickleMachine {
    private let bytes: ByteFields
    let file: String
    private var offset = 0
    var stack: [PickleValue] = []
    /// Heights of the stack where a MARK stands.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    /// Tuples and lists.
    var lists: [[PickleValue]] = []
    /// Dictionaries, in the order they were filled.
    var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []

    /// The limits that a pickle is held to, whatever its size.
    enum Limit {
        static let bytes = 64 << 20
        static let opcodes = 1_000_000
        static let depth = 64
    }

    /// Prepares to run a pickle; `file` is what messages call it.
    init(_ bytes: [UInt8], file: String) {
        (self.bytes, self.file) = (ByteFields(bytes), file)
    }

    /// Runs to the end and gives what was made.
    ///
    /// Throws PTH_OPCODE, PTH_GLOBAL, PTH_REDUCE, PTH_STACK, PTH_STORAGE and PTH_STRIDE.
    mutating func run() throws(CheckpointError) -> PickleValue {
        for _ in 0..<Limit.opcodes {
            let position = offset
            let opcode = try byte()
            if opcode == UInt8(ascii: ".") {
                guard stack.count == 1, marks.isEmpty, let value = stack.popLast() else {
                    throw unsound("ends with \(stack.count) values")
                }
                return value
            }
            try step(opcode, at: position)
        }
        throw unsound("has more than \(Limit.opcodes) opcodes")
    }

    private mutating func step(_ opcode: UInt8, at position: Int) throws(CheckpointError) {
        switch opcode {
        case 0x80: try checkProtocol()  // PROTO
        case 0x95: _ = try integer(8)  // FRAME
        case UInt8(ascii: "("):
            guard marks.count < Limit.depth else { throw unsound("nests more than \(Limit.depth) deep") }
            marks.append(stack.count)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88, 0x89: stack.append(.bool(opcode == 0x88))
        case UInt8(ascii: "K"): stack.append(.integer(try integer(1)))
        case UInt8(ascii: "M"): stack.append(.integer(try integer(2)))
        case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(truncatingIfNeeded: try integer(4)))))
        case 0x8A: stack.append(.integer(try long()))
        case UInt8(ascii: "G"): stack.append(.real(try real()))
        case UInt8(ascii: "X"): stack.append(.text(try text(length: try integer(4))))
        case 0x8C: stack.append(.text(try text(length: try integer(1))))
        case UInt8(ascii: "}"): stack.append(newDictionary())
        case UInt8(ascii: "]"), UInt8(ascii: ")"): stack.append(newList([]))
        case UInt8(ascii: "t"): stack.append(newList(try popMarked()))
        case 0x85, 0x86, 0x87: stack.append(newList(try pop(Int(opcode) - 0x84)))
        case UInt8(ascii: "s"), UInt8(ascii: "u"):
            try setItems(opcode == UInt8(ascii: "s") ? try pop(2) : try popMarked())
        case UInt8(ascii: "a"), UInt8(ascii: "e"):
            try appendItems(opcode == UInt8(ascii: "a") ? try pop(1) : try popMarked())
        case UInt8(ascii: "q"): memo[try integer(1)] = try top()
        case UInt8(ascii: "r"): memo[try integer(4)] = try top()
        case 0x94: memo[memo.count] = try top()  // MEMOIZE
        case UInt8(ascii: "h"): stack.append(try remembered(try integer(1)))
        case UInt8(ascii: "j"): stack.append(try remembered(try integer(4)))
        case UInt8(ascii: "c"): stack.append(.global(try global(module: try line(), name: try line())))
        case 0x93:
            let names = try pop(2)
            guard case .text(let module) = names[0], case .text(let name) = names[1] else {
                throw unsound("asks for something by a name that is no string")
            }
            stack.append(.global(try global(module: module, name: name)))
        case UInt8(ascii: "R"), 0x81: try reduce()  // REDUCE, NEWOBJ
        case UInt8(ascii: "Q"): stack.append(try storage(try pop(1)[0]))
        case UInt8(ascii: "b"): try build()
        default:
            throw CheckpointError(
                .pyTorchOpcode, file: file, "holds a pickle with an opcode that no weights need",
                found: "0x\(String(opcode, radix: 16)) at byte \(position)",
                next: "save the model's state_dict with torch.save, or as safetensors")
        }
    }
}

// MARK: - Operands

extension PickleMachine {
    func unsound(_ problem: String) -> CheckpointError {
        CheckpointError(
            .pyTorchStack, file: file, "holds a pickle that \(problem) (at byte \(offset))",
            next: "the file is damaged, download it again")
    }

    private mutating func byte() throws(CheckpointError) -> UInt8 { UInt8(try integer(1)) }

    private mutating func field(_ length: Int) throws(CheckpointError) -> ArraySlice<UInt8> {
        guard let field = bytes.field(at: offset, length: length) else {
            throw unsound("ends within an opcode")
        }
        offset += length
        return field
    }

    /// An unsigned little-endian number.
    private mutating func integer(_ length: Int) throws(CheckpointError) -> Int {
        Int(truncatingIfNeeded: try field(length).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private mutating func checkProtocol() throws(CheckpointError) {
        let version = try byte()
        guard (2...5).contains(version) else { throw unsound("is of protocol \(version), not 2 to 5") }
    }

    /// LONG1: a signed number of at most eight bytes.
    private mutating func long() throws(CheckpointError) -> Int {
        let length = try integer(1)
        guard length <= 8 else { throw unsound("holds a number of \(length) bytes, more than 8") }
        let field = try field(length)
        let start: UInt64 = (field.last ?? 0) & 0x80 == 0 ? 0 : ~0
        return Int(truncatingIfNeeded: field.reversed().reduce(start) { $0 << 8 | UInt64($1) })
    }

    /// BINFLOAT: big-endian.
    private mutating func real() throws(CheckpointError) -> Double {
        Double(bitPattern: try field(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }

    private mutating func text(length: Int) throws(CheckpointError) -> String {
        String(decoding: try field(length), as: UTF8.self)
    }

    /// Text up to a newline.
    private mutating func line() throws(CheckpointError) -> String {
        var length = 0
        while let byte = bytes.field(at: offset + length, length: 1)?.first, byte != UInt8(ascii: "\n") { length += 1 }
        guard length <= 1024 else { throw unsound("holds a name of \(length) bytes") }
        let line = try text(length: length)
        _ = try byte()
        return line
    }

    func top() throws(CheckpointError) -> PickleValue {
        guard let value = stack.last, stack.count > marks.last ?? 0 else {
            throw unsound("remembers nothing")
        }
        return value
    }

    private func remembered(_ index: Int) throws(CheckpointError) -> PickleValue {
        guard let value = memo[index] else {
            throw unsound("recalls what it never remembered (\(index))")
        }
        return value
    }

    /// Takes the last values, none of them from below a mark.
    mutating func pop(_ count: Int) throws(CheckpointError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else {
            throw unsound("takes more than there is")
        }
        let values = Array(stack.suffix(count))
        stack.removeLast(count)
        return values
    }

    private mutating func popMarked() throws(CheckpointError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw unsound("lacks a mark") }
        let values = Array(stack[mark...])
        stack.removeLast(values.count)
        return values
    }

    private mutating func newList(_ values: [PickleValue]) -> PickleValue {
        lists.append(values)
        return .list(lists.count - 1)
    }

    mutating func newDictionary() -> PickleValue {
        dictionaries.append([])
        return .dictionary(dictionaries.count - 1)
    }

    private func global(module: String, name: String) throws(CheckpointError) -> PickleGlobal {
        guard let global = PickleGlobal(module: module, name: name) else {
            throw CheckpointError(
                .pyTorchGlobal, file: file, "asks for Python code, which is never run",
                found: "'\(module.abbreviated(to: 80)).\(name.abbreviated(to: 80))'",
                expected: "tensors alone",
                next: "save the model's state_dict with torch.save, or as safetensors")
        }
        return global
    }
}
