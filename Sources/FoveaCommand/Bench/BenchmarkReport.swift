import Fovea
import OpenCLOperations
import Operations
import VisionModels

/// What `fovea bench` found.
struct BenchmarkReport {
    /// Where something ran.
    struct Device {
        let name: String
        /// What was measured on it; nil for the reference.
        var ceilings: Roofline?
        /// What products were computed in.
        var precision = Precision.float32
        /// Whether by matrix instructions.
        var multipliesMatrices = false

        init(_ name: String, _ roofline: Roofline?) { (self.name, ceilings) = (name, roofline) }

        /// Nil for the reference, and for matrix instructions, whose rate is another than that of multiply-adds.
        var roofline: Roofline? { multipliesMatrices ? nil : ceilings }

        /// The same with the rate of multiply-adds that was measured in turns with a profile's runs.
        func roofline(during profile: LaunchProfile) -> Roofline? {
            roofline.map {
                Roofline(
                    flopPerSecond: profile.multiplyAddRate ?? $0.flopPerSecond, bytesPerSecond: $0.bytesPerSecond)
            }
        }
    }

    /// What one model gave at one batch size.
    struct Row {
        let configuration: VisionTransformerConfiguration
        let batchSize: Int
        let own: LatencyStatistics
        /// Seconds a run in a stream of them, each begun before the one before is answered; nil where the device does one at
        /// a time.
        var streamSeconds: Double?
        var rival: LatencyStatistics?
        var profile: LaunchProfile?

        /// How many times as long the rival takes, by medians.
        var ratio: Double? { rival.map { $0.median / own.median } }
        /// Floating-point operations of a run.
        var flop: Double { configuration.passFlop * Double(batchSize) }
        /// Height and width of the pictures in pixels.
        var inputSize: InputSize { InputSize(height: configuration.imageHeight, width: configuration.imageWidth) }

        /// Pictures a second in a stream of batches; nil as `streamSeconds`.
        var streamRate: Double? { streamSeconds.map { Double(batchSize) / $0 } }
        /// Operations a second, by the median.
        func flopPerSecond(_ statistics: LatencyStatistics) -> Double { flop / statistics.median }
        /// Its part of the rate of multiply-adds; nil for the reference.
        func share(_ statistics: LatencyStatistics, on device: Device) -> Double? {
            device.roofline.map { flopPerSecond(statistics) / $0.flopPerSecond }
        }
    }

    var model = ""
    var device: Device
    var rival: Device?
    /// From opened files to weights on the device, for the first model.
    var loadSeconds = 0.0
    /// The first run, kernels compiled or read from the cache.
    var firstRunSeconds: Double?
    var rows: [Row] = []

    init(device: Device, rival: Device?) { (self.device, self.rival) = (device, rival) }

    /// Whether the device did more operations a second than its roofline allows, in a run or between those of a profile.
    var exceedsRoofline: Bool {
        guard let most = device.roofline?.flopPerSecond else { return false }
        return rows.contains { row in
            row.flopPerSecond(row.own) > most || (row.profile?.multiplyAddRate ?? 0) > 1.05 * most
        }
    }

    /// What products were computed in; where the rival's differ, in both.
    var precisions: String {
        let names = [device.precision, rival?.precision ?? device.precision].map(\.rawValue)
        return names[0] == names[1] ? names[0] : "\(names[0]) versus \(names[1])"
    }

    /// What differs from row to row, in the order in which it is told.
    var axes: [Axis] { Axis.allCases.filter { axis in Set(rows.map { axis.value($0) }).count > 1 } }

    /// What a row can differ in from another.
    enum Axis: CaseIterable {
        case batchSize
        case inputSize
        case depth

        /// A number that stands for the row on this axis: for pictures the square root of their pixels.
        func value(_ row: Row) -> Double {
            switch self {
            case .batchSize: Double(row.batchSize)
            case .inputSize: Double(row.inputSize.height * row.inputSize.width).squareRoot()
            case .depth: Double(row.configuration.depth)
            }
        }

        /// What a row says of itself.
        func label(_ row: Row) -> String {
            switch self {
            case .batchSize: "\(row.batchSize)"
            case .inputSize:
                row.inputSize.height == row.inputSize.width ? "\(row.inputSize.height)" : "\(row.inputSize)"
            case .depth: "\(row.configuration.depth)"
            }
        }
    }
}
