import ArgumentParser
import Checkpoints
import Fovea
import Operations

/// The array that `run` writes, batch by batch.
///
/// Several layers at once, `[L, B, …]`, lie layer by layer in the file and are kept until the end.
struct OutputArray {
    private let file: OutputFile
    private let layerCount: Int?
    private let pictures: Int
    private var layers: [[Float]]
    private var nonFinite: [Int] = []
    /// The shape of the whole array, once the first batch is there.
    private(set) var shape: Shape = []

    /// Begins an array of `pictures` rows.
    init(_ file: OutputFile, kind: OutputKind, pictures: Int) {
        (self.file, self.pictures) = (file, pictures)
        layerCount = kind.stackedLayerCount
        layers = [[Float]](repeating: [], count: layerCount ?? 0)
    }

    /// Appends the answer for the pictures from `first` on.
    mutating func append(_ answer: HostTensor, at first: Int) throws(FoveaError) {
        let batchAxis = layerCount == nil ? 0 : 1
        var dimensions = answer.shape.dimensions
        noteNonFinite(answer, count: dimensions[batchAxis], first)
        dimensions[batchAxis] = pictures
        let isFirst = shape.rank == 0
        shape = Shape(dimensions)
        if isFirst { try file.write(NumPyArray.header(for: shape)) }
        guard let layerCount else { return try file.write(answer.values) }
        let length = answer.values.count / layerCount
        for layer in 0..<layerCount { layers[layer] += answer.values[layer * length..<(layer + 1) * length] }
    }

    /// Writes what is still kept, and gives the file its name.
    func finish() throws(FoveaError) {
        for layer in layers { try file.write(layer) }
        try file.commit()
    }

    /// Throws the status for some failures where a picture's answer holds NaN or infinity, and names the pictures.
    func conclude() throws {
        guard let first = nonFinite.first else { return }
        Console.say(
            "fovea: \(file.path): the answer of \(nonFinite.count) of \(pictures) pictures holds NaN or infinity, the first is "
                + "picture \(first); check the device with fovea verify")
        throw ExitCode(ExitStatus.someFailed.rawValue)
    }

    private mutating func noteNonFinite(_ answer: HostTensor, count: Int, _ first: Int) {
        guard answer.values.contains(where: { !$0.isFinite }) else { return }
        let rows = (layerCount ?? 1) * count
        let length = answer.values.count / rows
        for picture in 0..<count {
            let isBad = stride(from: picture, to: rows, by: count).contains { row in
                answer.values[row * length..<(row + 1) * length].contains { !$0.isFinite }
            }
            if isBad { nonFinite.append(first + picture) }
        }
    }
}
