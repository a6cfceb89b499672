import ArgumentParser

/// Several values of one option, separated by commas: `1,8,32`.
struct CommaSeparated<Element: ExpressibleByArgument>: ExpressibleByArgument {
    /// At least one.
    let values: [Element]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
            .map { Element(argument: String($0)) }
        values = parts.compactMap { $0 }
        guard values.count == parts.count else { return nil }
    }
}
