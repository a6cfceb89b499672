import Fovea

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension PictureArguments {
    /// How many pictures of a share are named; nil where only reading standard input can tell.
    ///
    /// Reads lists through, so that only somebody who watches the progress should ask.
    func count(in shard: Shard) -> Int? {
        var count = 0
        for image in images {
            if image == "@-" { return nil }
            if image.hasPrefix("@") {
                guard let named = Self.count(inList: String(image.dropFirst()), endsWithNull: endsWithNull) else {
                    return nil
                }
                count += named
            } else {
                count += PictureFolder.exists(image) ? (try? PictureFolder.pictures(in: image).count) ?? 1 : 1
            }
        }
        return max(0, count - shard.index + shard.count - 1) / shard.count
    }

    /// A pipe can be read only once.
    private static func count(inList path: String, endsWithNull: Bool) -> Int? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
            let list = try? PathList(path, endsWithNull: endsWithNull)
        else { return nil }
        var count = 0
        while case .path? = try? list.next() { count += 1 }
        return count
    }
}
