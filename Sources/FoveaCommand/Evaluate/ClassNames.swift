import Checkpoints
import Fovea

/// The classes of a model, found by what people call their folders.
struct ClassNames {
    /// How many classes the model has.
    let count: Int
    private let labels: Labels?
    /// The classes by label, and by description, both in lower case; some descriptions stand for two classes.
    private let byLabel: [String: [Int]]
    private let byDescription: [String: [Int]]

    /// Names the classes by the labels of a model, or of a file in their place.
    init(_ labels: Labels?, count: Int) {
        (self.labels, self.count) = (labels, count)
        let all = labels?.labels ?? []
        byLabel = Dictionary(grouping: all.indices.filter { !all[$0].name.isEmpty }) { Self.key(all[$0].name) }
        byDescription = all.indices.reduce(into: [:]) { found, index in
            guard let description = all[index].description else { return }
            // "tabby, tabby cat" is found as "tabby", too.
            let first = description.prefix { $0 != "," }
            for name in Set([Self.key(description), Self.key(String(first))]) { found[name, default: []].append(index) }
        }
    }

    /// The class of a name: a label, else a description or its first name, else an index.
    ///
    /// - Parameter place: What messages call the place where the name stands.
    func index(of name: String, at place: String) throws(FoveaError) -> Int {
        let key = Self.key(name)
        for found in [byLabel[key], byDescription[key]] {
            guard let found else { continue }
            if found.count == 1 { return found[0] }
            throw FoveaError(
                .usage, code: "CLASS_NAME",
                "\(place): '\(name)' is the name of \(found.count) classes, \(found[0]) and \(found[1]) among them; "
                    + "use the index in its place")
        }
        if let index = Int(name), (0..<count).contains(index) { return index }
        throw FoveaError(
            .usage, code: "CLASS_NAME",
            "\(place): '\(name)' names no class of the model: it is no label, no description and no index from 0 to "
                + "\(count - 1); rename it, or give the names of the classes with --labels")
    }

    /// The label of a class; nil where it has none.
    func label(_ index: Int) -> String? { labels?[index].flatMap { $0.name.isEmpty ? nil : $0.name } }

    /// The description of a class; nil where it has none.
    func description(_ index: Int) -> String? { labels?[index]?.description }

    /// The shortest name for people: the first of a description, else the label, else the index.
    func title(_ index: Int) -> String {
        if let description = description(index) { return String(description.prefix { $0 != "," }) }
        return label(index) ?? "#\(index)"
    }

    private static func key(_ name: String) -> String { name.lowercased().replacing("_", with: " ") }
}
