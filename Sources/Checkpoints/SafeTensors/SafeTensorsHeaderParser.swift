import Operations

/// Reads the JSON header of a safetensors file, tensor by tensor.
struct SafeTensorsHeaderParser {
    private(set) var entries: [SafeTensorsHeader.Entry] = []
    private(set) var metadata: [String: String] = [:]
    private var scanner: JSONScanner<CheckpointError>
    private let dataSize: Int
    private let file: String

    private typealias Limit = SafeTensorsHeader.Limit

    /// Prepares to read a header that describes `dataSize` bytes behind it.
    init(_ bytes: [UInt8], dataSize: Int, file: String) throws(CheckpointError) {
        self.dataSize = dataSize
        self.file = file
        scanner = try JSONScanner(bytes, depthLimit: Limit.depth) { error in
            let code: CheckpointError.Code =
                switch error.kind {
                case .syntax, .number: .safeTensorsJSON
                case .duplicateKey: .safeTensorsDuplicate
                case .depth: .safeTensorsDepth
                case .encoding: .safeTensorsUTF8
                }
            return CheckpointError(
                code, file: file, "has a malformed header at byte \(8 + error.offset): \(error.message)",
                next: "download it again or save it again")
        }
    }

    /// Reads the whole header.
    mutating func parse() throws(CheckpointError) {
        var names: Set<String> = []
        try scanner.beginObject()
        while let name = try scanner.nextKey() {
            guard name.utf8.count <= Limit.nameBytes else {
                throw fail(
                    .safeTensorsLimit, name, "has too long a name", "\(name.utf8.count) bytes",
                    "at most \(Limit.nameBytes)")
            }
            guard names.insert(name).inserted else {
                throw fail(.safeTensorsDuplicate, name, "is in the header twice", nil, nil)
            }
            guard names.count <= Limit.tensors else {
                throw CheckpointError(
                    .safeTensorsLimit, file: file, "has too many tensors", found: "more than \(Limit.tensors)",
                    expected: "at most \(Limit.tensors)")
            }
            if name == "__metadata__" {
                try parseMetadata()
            } else {
                try parseEntry(name)
            }
        }
        try scanner.finish(.spaces)
    }

    private mutating func parseMetadata() throws(CheckpointError) {
        func fail(_ problem: String) -> CheckpointError {
            CheckpointError(
                .safeTensorsMetadata, file: file, "has __metadata__ \(problem)", expected: "strings under unique keys",
                next: "save it again")
        }
        guard try scanner.peek() == .object else {
            try scanner.skipValue()
            throw fail("that is not an object")
        }
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            guard try scanner.peek() == .string else {
                try scanner.skipValue()
                throw fail("whose '\(key.abbreviated(to: 100))' is not a string")
            }
            guard metadata.updateValue(try scanner.string(), forKey: key) == nil else {
                throw CheckpointError(
                    .safeTensorsDuplicate, file: file,
                    "has '\(key.abbreviated(to: 100))' twice in its __metadata__", next: "save it again")
            }
            guard metadata.count <= Limit.tensors else {
                throw CheckpointError(
                    .safeTensorsLimit, file: file, "has too many strings in its __metadata__",
                    found: "more than \(Limit.tensors)", expected: "at most \(Limit.tensors)")
            }
        }
    }

    /// The three fields of a tensor, as far as they were seen.
    private struct Fields {
        var scalarType: ScalarType?
        var dimensions: [UInt64]?
        var offsets: Range<Int>?
    }

    private mutating func parseEntry(_ name: String) throws(CheckpointError) {
        guard try scanner.peek() == .object else {
            try scanner.skipValue()
            throw fail(.safeTensorsField, name, "is not described by an object", nil, nil)
        }
        var fields = Fields()
        var keys: Set<String> = []
        try scanner.beginObject()
        while let key = try scanner.nextKey() {
            guard keys.insert(key).inserted else {
                throw fail(
                    .safeTensorsDuplicate, name, "has '\(key.abbreviated(to: 100))' twice in its description", nil, nil)
            }
            switch key {
            case "dtype": fields.scalarType = try scalarType(of: name)
            case "shape": fields.dimensions = try dimensions(of: name)
            case "data_offsets": fields.offsets = try offsets(of: name)
            default: try scanner.skipValue()
            }
        }
        guard let scalarType = fields.scalarType else { throw lacking("dtype", name) }
        guard let dimensions = fields.dimensions else { throw lacking("shape", name) }
        guard let range = fields.offsets else { throw lacking("data_offsets", name) }
        let (shape, size) = try measure(dimensions, of: scalarType, name)
        guard range.count == size else {
            throw fail(
                .safeTensorsSize, name, "has another length than its shape \(shape) of \(scalarType.rawValue) needs",
                "\(range.count) bytes", "\(size)")
        }
        guard range.upperBound <= dataSize else {
            throw CheckpointError(
                .safeTensorsTruncated, file: file, tensor: name, "reaches beyond the end of the file",
                found: "an end at byte \(range.upperBound) of the data", expected: "at most \(dataSize)",
                next: "the file is incomplete, download it again")
        }
        entries.append(.init(name: name, layout: TensorLayout(scalarType, shape), range: range))
    }
}

// MARK: - Fields

extension SafeTensorsHeaderParser {
    private func fail(
        _ code: CheckpointError.Code, _ name: String, _ problem: String, _ found: String?, _ expected: String?
    ) -> CheckpointError {
        CheckpointError(
            code, file: file, tensor: name, problem, found: found, expected: expected,
            next: "download the file again or save it again")
    }

    private func lacking(_ field: String, _ name: String) -> CheckpointError {
        fail(.safeTensorsField, name, "has no \(field)", nil, "dtype, shape and data_offsets")
    }

    private mutating func scalarType(of name: String) throws(CheckpointError) -> ScalarType {
        guard try scanner.peek() == .string else {
            try scanner.skipValue()
            throw fail(.safeTensorsField, name, "has a dtype that is not a string", nil, nil)
        }
        let spelling = try scanner.string()
        guard let type = ScalarType(rawValue: spelling) else {
            throw CheckpointError(
                .safeTensorsScalarType, file: file, tensor: name, "has a scalar type that Fovea does not read",
                found: "'\(spelling.abbreviated(to: 40))'",
                expected: "one of \(ScalarType.allCases.map(\.rawValue).joined(separator: ", "))",
                next: "save the model as F32, F16 or BF16")
        }
        return type
    }

    private mutating func dimensions(of name: String) throws(CheckpointError) -> [UInt64] {
        guard try scanner.peek() == .array else {
            try scanner.skipValue()
            throw fail(.safeTensorsShape, name, "has a shape that is not an array", nil, nil)
        }
        var dimensions: [UInt64] = []
        try scanner.beginArray()
        while try scanner.nextElement() {
            guard let dimension = try unsigned() else {
                throw fail(
                    .safeTensorsShape, name, "has a shape whose axis \(dimensions.count) is not a length", nil,
                    "an integer literal from 0 to \(Int.max)")
            }
            guard dimensions.count < Limit.axes else {
                throw fail(
                    .safeTensorsLimit, name, "has too many axes", "more than \(Limit.axes)", "at most \(Limit.axes)")
            }
            dimensions.append(dimension)
        }
        return dimensions
    }

    private mutating func offsets(of name: String) throws(CheckpointError) -> Range<Int> {
        let expected = "two integers, begin ≤ end"
        guard try scanner.peek() == .array else {
            try scanner.skipValue()
            throw fail(.safeTensorsOffset, name, "has data_offsets that are not an array", nil, expected)
        }
        var offsets: [Int] = []
        try scanner.beginArray()
        while try scanner.nextElement() {
            guard offsets.count < 2, let offset = try unsigned().flatMap(Int.init(exactly:)) else {
                throw fail(.safeTensorsOffset, name, "has data_offsets that are not two offsets", nil, expected)
            }
            offsets.append(offset)
        }
        guard offsets.count == 2, offsets[0] <= offsets[1] else {
            throw fail(.safeTensorsOffset, name, "has data_offsets that are not a range", "\(offsets)", expected)
        }
        return offsets[0]..<offsets[1]
    }

    /// The next value where it is an integer literal that is not negative; the value is read either way.
    private mutating func unsigned() throws(CheckpointError) -> UInt64? {
        guard try scanner.peek() == .number else {
            try scanner.skipValue()
            return nil
        }
        return try scanner.number().unsigned
    }

    /// Shape and length in bytes, every product checked.
    private func measure(
        _ dimensions: [UInt64], of type: ScalarType, _ name: String
    ) throws(CheckpointError) -> (shape: Shape, size: Int) {
        let overflow = fail(
            .safeTensorsOverflow, name, "has more elements than can be counted", "shape \(dimensions)", nil)
        // Without its zeros, so that no product of any of the lengths can overflow later either.
        guard let count = product(dimensions.filter { $0 > 0 }) else { throw overflow }
        let lengths = dimensions.compactMap(Int.init(exactly:))
        guard lengths.count == dimensions.count else {
            throw fail(
                .safeTensorsShape, name, "has an axis that is too long", "shape \(dimensions)", "at most \(Int.max)")
        }
        guard let size = product([count, UInt64(type.byteCount)]).flatMap(Int.init(exactly:)) else { throw overflow }
        return (Shape(lengths), dimensions.contains(0) ? 0 : size)
    }

    private func product(_ factors: [UInt64]) -> UInt64? {
        var product: UInt64 = 1
        for factor in factors {
            let (next, overflows) = product.multipliedReportingOverflow(by: factor)
            guard !overflows else { return nil }
            product = next
        }
        return product
    }
}
