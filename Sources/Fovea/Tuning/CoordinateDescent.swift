/// Searches numbers one after the other: each candidate of a knob against the best so far, until a sweep over all knobs
/// changes nothing.
///
/// The full product of five knobs has hundreds of points, each a compilation; a sweep has a dozen.
package struct CoordinateDescent: Sendable {
    /// Names and candidates, in the order in which they are tried.
    package let knobs: [(name: String, candidates: [Int])]
    private static let mostSweeps = 3

    /// Makes a search over some knobs.
    package init(knobs: [(name: String, candidates: [Int])]) { self.knobs = knobs }

    /// Searches, and gives the best numbers found.
    ///
    /// - Parameters:
    ///   - isOver: Whether no further candidate shall be tried.
    ///   - wins: Whether a candidate is better than the best so far; throws to end the search.
    package func search<Failure: Error>(
        from start: [String: Int], isOver: () -> Bool = { false },
        wins: (_ candidate: [String: Int], _ best: [String: Int]) throws(Failure) -> Bool
    ) throws(Failure) -> [String: Int] {
        var best = start
        var tried: Set<[String: Int]> = [start]
        for _ in 0..<Self.mostSweeps {
            let beforeSweep = best
            for knob in knobs {
                for value in knob.candidates {
                    guard !isOver() else { return best }
                    var candidate = best
                    candidate[knob.name] = value
                    if tried.insert(candidate).inserted, try wins(candidate, best) { best = candidate }
                }
            }
            if best == beforeSweep { break }
        }
        return best
    }
}
