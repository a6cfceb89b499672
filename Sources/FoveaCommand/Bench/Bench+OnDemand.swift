import Checkpoints
import Fovea

extension Bench {
    /// Runs once for every line of standard input, so that another program decides when: `{"ready": true}` first, then
    /// `{"seconds": …}` a line; ends with the input.
    ///
    /// Two engines that are measured in turns, pass for pass, meet the same load of the machine.
    func serve(_ benchmark: ModelBenchmark) throws(FoveaError) {
        for _ in 0..<max(warmUp, 1) { try benchmark.run() }
        let requests = try LineReader("-")
        write(["ready": true])
        while try requests.nextLine() != nil { write(["seconds": JSON(try benchmark.run() / .seconds(1))]) }
    }

    /// Written at once, since somebody waits for the line.
    private func write(_ answer: JSON) { Console.write(answer.text(.spaced) + "\n") }
}
