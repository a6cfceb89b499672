extension JSON {
    /// The value of a key where this is an object that has it.
    package subscript(key: String) -> JSON? {
        guard case .object(let object) = self else { return nil }
        return object[key]
    }

    /// The value at a position where this is an array that reaches so far.
    package subscript(position: Int) -> JSON? {
        guard case .array(let elements) = self, elements.indices.contains(position) else { return nil }
        return elements[position]
    }

    /// The value where this is an integer literal (`1`, not `1.0` or `1e0`) that fits.
    package var integer: Int? {
        guard case .number(let number) = self else { return nil }
        return number.integer
    }

    /// The value where this is any number.
    package var double: Double? {
        guard case .number(let number) = self else { return nil }
        return number.double
    }

    /// The value where this is a string.
    package var string: String? {
        guard case .string(let string) = self else { return nil }
        return string
    }

    /// The value where this is `true` or `false`.
    package var bool: Bool? {
        guard case .bool(let bool) = self else { return nil }
        return bool
    }

    /// The elements where this is an array.
    package var array: [JSON]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members where this is an object.
    package var object: Object? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// The integers where this is an array of nothing else.
    package var integers: [Int]? {
        guard let values = array?.map(\.integer), !values.contains(nil) else { return nil }
        return values.compactMap { $0 }
    }

    /// The numbers where this is an array of nothing else.
    package var doubles: [Double]? {
        guard let values = array?.map(\.double), !values.contains(nil) else { return nil }
        return values.compactMap { $0 }
    }

    /// Whether this is `null`.
    package var isNull: Bool { self == .null }

    /// What kind of value this is, as messages say it.
    package var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a truth value"
        case .number: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes `null`.
    package init(nilLiteral: ()) { self = .null }
    /// Makes a truth value.
    package init(booleanLiteral value: Bool) { self.init(value) }
    /// Makes an integer.
    package init(integerLiteral value: Int) { self.init(value) }
    /// Makes a number.
    package init(floatLiteral value: Double) { self.init(value) }
    /// Makes a string.
    package init(stringLiteral value: String) { self.init(value) }
    /// Makes an array.
    package init(arrayLiteral elements: JSON...) { self = .array(elements) }
    /// Makes an object whose keys keep the order of the literal.
    package init(dictionaryLiteral elements: (String, JSON)...) {
        var object = Object()
        for (key, value) in elements {
            let isNew = object.insert(value, for: key)
            precondition(isNew, "key '\(key)' twice in a literal")
        }
        self = .object(object)
    }
}

extension JSON.Object {
    /// Makes an object of keys and values, in their order; of equal keys the last stands.
    package init(_ members: [(String, JSON)]) {
        self.init()
        for (key, value) in members { self[key] = value }
    }
}
