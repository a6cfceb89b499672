import Fovea

/// Pictures that come one after the other: named on a command line, by a list, or asked for line by line.
protocol PictureSupply: ~Copyable {
    /// The next picture; throws category `input` where it cannot be told.
    mutating func next(_ patience: Patience) throws(FoveaError) -> SuppliedPicture
}

/// What a supply has next.
enum SuppliedPicture {
    case picture(PictureSource)
    /// Nothing has come in the time given.
    case notYet
    case end
}
