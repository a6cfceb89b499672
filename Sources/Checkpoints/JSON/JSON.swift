/// A JSON value that keeps what the text said: the order of keys, and numbers as they were written.
///
/// Read strictly (RFC 8259): Foundation's decoder accepts duplicate keys, trailing commas and `1.0` as an integer, which
/// lets two readers of one file disagree about what it holds.
package enum JSON: Hashable, Sendable {
    /// `null`
    case null
    /// `true` or `false`
    case bool(Bool)
    /// A number, kept as its literal.
    case number(Number)
    /// A string, unescaped.
    case string(String)
    /// Values in order.
    case array([JSON])
    /// Members in order, keys unique.
    case object(Object)

    /// A number; null where the value is not finite, since JSON cannot say it.
    package init(_ value: Double) { self = value.isFinite ? .number(Number(value)) : .null }

    /// A number, as the shortest decimal that reads back to the same Float; null where the value is not finite.
    package init(_ value: Float) { self = value.isFinite ? .number(Number(literal: value.description)) : .null }

    /// An integer.
    package init(_ value: Int) { self = .number(Number(value)) }

    /// A string.
    package init(_ value: String) { self = .string(value) }

    /// A truth value.
    package init(_ value: Bool) { self = .bool(value) }
}

extension JSON {
    /// A number as its literal, so that 1, 1.0 and 1e0 stay three different things.
    package struct Number: Hashable, Sendable {
        /// The literal, valid by the grammar of JSON and finite as a Double.
        package let literal: String

        /// Wraps a literal that is already known to be valid.
        init(literal: String) { self.literal = literal }

        /// The shortest literal of a finite value.
        package init(_ value: Double) {
            precondition(value.isFinite, "JSON has no literal for \(value)")
            literal = value.description
        }

        /// The literal of an integer.
        package init(_ value: Int) { literal = value.description }

        /// The value where the literal is an integer (no fraction, no exponent) that fits.
        package var integer: Int? { Int(literal) }

        /// The value where the literal is a non-negative integer that fits 64 bits.
        package var unsigned: UInt64? { literal.utf8.first == UInt8(ascii: "-") ? nil : UInt64(literal) }

        /// The nearest Double.
        package var double: Double { Double(literal) ?? .nan }
    }
}

extension JSON {
    /// The members of an object: keys are unique, their order is kept.
    package struct Object: Sendable {
        /// A key and its value.
        package struct Member: Hashable, Sendable {
            /// The key, unescaped.
            package let key: String
            /// What it stands for.
            package var value: JSON
        }

        /// All members in order.
        package private(set) var members: [Member] = []
        /// Where each key lies; kept only for objects large enough to gain by it.
        private var positions: [String: Int] = [:]
        private static let indexedFrom = 12

        /// Makes an object without members.
        package init() {}

        /// The keys in order.
        package var keys: [String] { members.map(\.key) }

        /// The value of a key, nil where there is none; setting appends or replaces, nil removes.
        package subscript(key: String) -> JSON? {
            get { position(of: key).map { members[$0].value } }
            set {
                switch (position(of: key), newValue) {
                case (let position?, let value?): members[position].value = value
                case (nil, let value?): append(Member(key: key, value: value))
                case (let position?, nil): remove(at: position)
                case (nil, nil): break
                }
            }
        }

        /// Appends a member whose key is new; returns false and changes nothing where the key exists.
        mutating func insert(_ value: JSON, for key: String) -> Bool {
            guard position(of: key) == nil else { return false }
            append(Member(key: key, value: value))
            return true
        }

        private func position(of key: String) -> Int? {
            members.count < Self.indexedFrom ? members.firstIndex { $0.key == key } : positions[key]
        }

        private mutating func append(_ member: Member) {
            members.append(member)
            if members.count == Self.indexedFrom {
                reindex()
            } else if members.count > Self.indexedFrom {
                positions[member.key] = members.count - 1
            }
        }

        private mutating func remove(at position: Int) {
            members.remove(at: position)
            reindex()
        }

        private mutating func reindex() {
            positions.removeAll(keepingCapacity: true)
            guard members.count >= Self.indexedFrom else { return }
            for (position, member) in members.enumerated() { positions[member.key] = position }
        }
    }
}

extension JSON.Object: Hashable {
    /// Whether the members are the same, in the same order.
    package static func == (left: JSON.Object, right: JSON.Object) -> Bool { left.members == right.members }

    /// Hashes the members in order.
    package func hash(into hasher: inout Hasher) { hasher.combine(members) }
}
