#if Hub
    import Checkpoints
    import Fovea
    import ModelHub

    /// What `fovea pull` says on standard error while it downloads.
    final class PullProgress {
        private let verbosity: Verbosity
        private let isDrawn: Bool
        private var name = ""
        private var size = 0
        private var count = 0
        private var countAtStart = 0
        private var start = ContinuousClock.now
        private var nextDrawing = ContinuousClock.now

        init(_ verbosity: Verbosity) {
            self.verbosity = verbosity
            isDrawn = !verbosity.quiet && Console.errorIsTerminal
        }

        /// Tells of an event.
        func show(_ event: PullEvent) {
            switch event {
            case .present(let name, let size):
                verbosity.note("\(name), \(size.asBytes), lies there already, and its hash is right")
            case .begins(let name, let size, let place):
                (self.name, self.size, count, countAtStart) = (name, size, place, place)
                start = ContinuousClock.now
                nextDrawing = start + .seconds(1)
                if place > 0 { verbosity.detail("\(name) goes on at \(place.asBytes) of \(size.asBytes)") }
            case .received(let bytes):
                count += bytes
                draw()
            case .finished:
                erase()
                verbosity.note("\(name), \(size.asBytes)\(rate.map { ", \($0)" } ?? "")")
            case .retry(let problem, let delay):
                erase()
                verbosity.note("\(problem); trying again in \((delay / .seconds(1)).formatted(decimals: 1)) s")
            case .waiting(let name):
                verbosity.note("waiting for another process that downloads \(name)")
            }
        }

        /// Clears the line before something else is said.
        func erase() {
            if isDrawn { Console.redraw("") }
        }

        /// Draws at most ten times a second, and not in the first.
        private func draw() {
            let now = ContinuousClock.now
            guard isDrawn, now >= nextDrawing else { return }
            nextDrawing = now + .milliseconds(100)
            let share = Double(count) / Double(max(1, size))
            let bar = String(repeating: "█", count: Int(20 * share)).padded(to: 20)
            var line = "\(name)  \(bar) \((100 * share).formatted(decimals: 0)) % of \(size.asBytes)"
            if let rate { line += ", \(rate)" }
            if let timeLeft { line += ", \(timeLeft) left" }
            Console.redraw(line)
        }

        /// Bytes a second since the file began or went on; nil before there is much to say.
        private var bytesPerSecond: Double? {
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            return seconds > 0.5 && count > countAtStart ? Double(count - countAtStart) / seconds : nil
        }

        private var rate: String? { bytesPerSecond.map { "\(Int($0).asBytes) a second" } }

        private var timeLeft: String? {
            guard let bytesPerSecond else { return nil }
            let seconds = Int((Double(size - count) / bytesPerSecond).rounded(.up))
            let (minutes, rest) = (seconds / 60, seconds % 60)
            return minutes > 0 ? "\(minutes) min \(rest) s" : "\(rest) s"
        }
    }

    extension String {
        fileprivate func padded(to width: Int) -> String { self + String(repeating: "░", count: max(0, width - count)) }
    }
#endif
