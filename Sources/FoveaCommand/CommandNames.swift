import ArgumentParser

/// What stands first on a command line, looked at before the parser, which takes an unknown command for an argument.
enum CommandNames {
    /// Throws a usage error, with the nearest command, where the first word is to be a command and none.
    static func check(_ arguments: [String]) throws {
        guard let first = arguments.first, !first.hasPrefix("-") else { return }
        let name = first == "help" ? arguments.dropFirst().first { !$0.hasPrefix("-") } : first
        guard let name, !all.contains(name) else { return }
        let nearest = shown.map { (name: $0, distance: distance(from: name, to: $0)) }.min { $0.distance < $1.distance }
        let hint = nearest.flatMap { $0.distance < 3 ? "; did you mean \($0.name)?" : nil } ?? ""
        throw ValidationError("there is no command '\(name)'\(hint)")
    }

    // Closures: of a key path into one of these types the compiler ends (Swift 6.3.1).
    private static let commands = FoveaCommand.configuration.subcommands
    private static let all = Set(commands.map { $0._commandName } + ["help"])
    private static let shown = commands.filter { $0.configuration.shouldDisplay }.map { $0._commandName }

    /// How many letters must be put in, left out or replaced (Levenshtein).
    private static func distance(from word: String, to other: String) -> Int {
        let letters = Array(other)
        var row = Array(0...letters.count)
        for letter in word {
            var diagonal = row[0]
            row[0] += 1
            for index in letters.indices {
                let replaced = diagonal + (letters[index] == letter ? 0 : 1)
                diagonal = row[index + 1]
                row[index + 1] = min(replaced, row[index] + 1, diagonal + 1)
            }
        }
        return row[letters.count]
    }
}
