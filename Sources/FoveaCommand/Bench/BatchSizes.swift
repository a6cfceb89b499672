import ArgumentParser

/// Batch sizes as the command line gives them: `1,8,32`.
struct BatchSizes: ExpressibleByArgument {
    let values: [Int]

    private static let largest = 4096

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        let sizes = parts.compactMap { $0 }
        guard sizes.count == parts.count, sizes.allSatisfy((1...Self.largest).contains) else { return nil }
        values = sizes
    }
}
