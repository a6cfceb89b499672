import ArgumentParser

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A share of the pictures, for several processes that divide a list: every `count`-th, from `index` on.
struct Shard: Equatable {
    let index: Int
    let count: Int

    /// All pictures.
    static let whole = Shard(index: 0, count: 1)

    /// Whether a picture, by its position in the whole list, is in this share.
    func contains(_ position: Int) -> Bool { position % count == index }
}

/// How `--shard` is given.
enum ShardRequest: ExpressibleByArgument, Equatable {
    case stated(Shard)
    /// From the variables of Kubernetes or Slurm.
    case automatic

    /// Reads `i/n`, i from 0 to n − 1, or `auto`.
    init?(argument: String) {
        if argument == "auto" {
            self = .automatic
            return
        }
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 2, let index = parts[0], let count = parts[1], index >= 0, index < count else {
            return nil
        }
        self = .stated(Shard(index: index, count: count))
    }

    /// The share; throws a usage error where the environment does not tell it.
    func resolve() throws -> Shard {
        switch self {
        case .stated(let shard): return shard
        case .automatic:
            if let index = try Self.variable("JOB_COMPLETION_INDEX") {
                guard let count = try Self.variable("FOVEA_SHARDS") else {
                    throw ValidationError("--shard auto: JOB_COMPLETION_INDEX is set, FOVEA_SHARDS must be too")
                }
                return try Self.checked(index, of: count)
            }
            guard let task = try Self.variable("SLURM_ARRAY_TASK_ID") else {
                throw ValidationError(
                    "--shard auto: neither JOB_COMPLETION_INDEX nor SLURM_ARRAY_TASK_ID is set; say --shard i/n")
            }
            guard let first = try Self.variable("SLURM_ARRAY_TASK_MIN"),
                let count = try Self.variable("SLURM_ARRAY_TASK_COUNT"),
                try Self.variable("SLURM_ARRAY_TASK_STEP") ?? 1 == 1
            else {
                throw ValidationError(
                    "--shard auto: needs SLURM_ARRAY_TASK_MIN and SLURM_ARRAY_TASK_COUNT, and an array of step 1")
            }
            return try Self.checked(task - first, of: count)
        }
    }

    private static func checked(_ index: Int, of count: Int) throws -> Shard {
        guard index >= 0, index < count else {
            throw ValidationError("--shard auto: the environment says share \(index) of \(count); it must be below")
        }
        return Shard(index: index, count: count)
    }

    private static func variable(_ name: String) throws -> Int? {
        guard let value = getenv(name) else { return nil }
        guard let number = Int(String(cString: value)) else {
            throw ValidationError("--shard auto: \(name) is '\(String(cString: value))', which is no number")
        }
        return number
    }
}
