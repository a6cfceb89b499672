import ArgumentParser

/// Whether the first picture that fails ends the command.
struct FailFastOption: ParsableArguments {
    @Flag(help: "End with the first picture that fails, and with its status, instead of going on behind its row.")
    var failFast = false
}
