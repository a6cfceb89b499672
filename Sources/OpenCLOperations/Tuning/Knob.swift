/// One tunable number: the macro's name, where it is stored, and what may be tried, in one row.
///
/// The `#define` lines, the JSON and the search space derive from it.
struct Knob<Tuning>: @unchecked Sendable {
    // `@unchecked Sendable`: key paths of structs are immutable; the library marks only some of them as such.
    let name: String
    let path: WritableKeyPath<Tuning, Int>
    let candidates: [Int]
}

/// The tunable numbers of one kernel.
protocol KernelTuning: Sendable, Hashable {
    /// One row a number.
    static var knobs: [Knob<Self>] { get }
    /// Whether the kernel takes this combination; restated as `#error` in the kernel.
    var isLegal: Bool { get }
    /// Items of a work-group.
    var items: Int { get }
}

extension KernelTuning {
    /// The macros of this tuning.
    var defines: [String: Int] {
        Dictionary(uniqueKeysWithValues: Self.knobs.map { ($0.name, self[keyPath: $0.path]) })
    }
}
