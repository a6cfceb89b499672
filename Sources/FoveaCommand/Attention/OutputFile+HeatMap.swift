import Checkpoints
import Fovea
import Imaging
import Operations

extension OutputFile {
    /// Writes maps as an array `[layers, heads, rows, columns]`.
    func write(npy maps: [[HeatMap]]) throws(FoveaError) {
        let first = maps[0][0]
        try write(NumPyArray.header(for: [maps.count, maps[0].count, first.rows, first.columns]))
        for map in maps.joined() { try write(map.values) }
    }
}
