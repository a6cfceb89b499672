import ArgumentParser

/// The pictures that a command looks at.
struct PictureArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp(
            "Picture files (JPEG, PNG, WebP), folders, - for one picture on standard input, @FILE or @- for a list.",
            discussion: "A folder stands for the pictures in it, sorted by name. A list has one path a line. A file "
                + "whose name begins with @ or - is written ./@name.",
            valueName: "image"))
    var images: [String]

    @Flag(
        name: [.customShort("0"), .customLong("null")], help: "Paths in lists end with a null byte, not a line break.")
    var endsWithNull = false

    @Option(
        help: ArgumentHelp(
            "Only every n-th picture, from the i-th on (i from 0); auto asks Kubernetes' or Slurm's variables.",
            valueName: "i/n|auto"))
    var shard: ShardRequest?

    func validate() throws {
        guard images.count(where: { $0 == "-" || $0 == "@-" }) < 2 else {
            throw ValidationError("standard input can be read only once: give one of - and @-")
        }
        if let empty = images.first(where: { $0.isEmpty || $0 == "@" }) {
            throw ValidationError("'\(empty)' names no picture")
        }
    }
}
