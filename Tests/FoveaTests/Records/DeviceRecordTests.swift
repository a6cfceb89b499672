import Checkpoints
import FoundationEssentials
import OpenCLOperations
import OpenCLRuntime
import Testing

@testable import Fovea

@Suite("Records of devices", .serialized)
struct DeviceRecordTests {
    private let folder: TemporaryFolder
    private let records: DeviceRecords
    private let content: JSON = ["a": 1]

    init() throws {
        folder = try TemporaryFolder()
        records = DeviceRecords(directory: folder.path + "/deep/cache")
    }

    private func identity(driver: String = "3.1") throws -> DeviceIdentity {
        let names = ["platform", "platformVersion", "name", "vendor", "version", "fovea"]
        let members = names.map { ($0, JSON("a/b \($0)")) } + [("driver", JSON(driver))]
        return try #require(DeviceIdentity(.object(JSON.Object(members))))
    }

    @Test("what was written is read, by the same device and driver alone")
    func roundTrip() throws {
        let device = try identity()
        #expect(records.read(.roofline, for: device) == nil)
        #expect(records.write(.roofline, content, for: device) == nil)
        #expect(records.read(.roofline, for: device) == content)
        #expect(records.read(.tuning, for: device) == nil)
        let other = try identity(driver: "3.2")
        #expect(other != device && records.read(.roofline, for: other) == nil)
        // Even where the file lies under the other's name.
        try FileManager.default.copyItem(
            atPath: records.path(.roofline, for: device), toPath: records.path(.roofline, for: other))
        var sentence = ""
        #expect(records.read(.roofline, for: other) { sentence = $0 } == nil)
        #expect(sentence.hasSuffix("was not used: it belongs to another device, driver or version of Fovea"))
        #expect(DeviceIdentity(device.json) == device)
    }

    @Test(
        "what is damaged is not used, with a sentence",
        arguments: [
            ("", "it is not JSON"), ("{\"format\": 1", "it is not JSON"), ("[]", "its format is another version"),
            ("{\"format\": 99}", "its format is another version"), ("{\"format\": 1}", "it belongs to another device"),
        ])
    func damage(_ text: String, _ reason: String) throws {
        let device = try identity()
        #expect(records.write(.roofline, content, for: device) == nil)
        try Data(text.utf8).write(to: URL(filePath: records.path(.roofline, for: device)))
        var sentence = ""
        #expect(records.read(.roofline, for: device) { sentence = $0 } == nil)
        #expect(sentence.contains("was not used: \(reason)"), "\(sentence)")
    }

    @Test("a place that cannot be written is told and is no failure")
    func unwritable() throws {
        try folder.write("", to: "file")
        let blocked = DeviceRecords(directory: folder.path + "/file")
        let problem = try #require(blocked.write(.roofline, content, for: identity()))
        #expect(problem.contains("the roofline was not kept in \(folder.path)/file/"))
        #expect(blocked.read(.roofline, for: try identity()) == nil)
    }

    @Test("a roofline is measured once, kept, and measured again where its record is none", .requiresOpenCL)
    func roofline() throws {
        let device = try #require(TestDevice.first)
        let first = try Roofline(of: device, records: records)
        #expect(first.flopPerSecond > 1e8 && first.bytesPerSecond > 1e7)
        let kept: JSON = ["gigaflopPerSecond": 1.5, "gigabytePerSecond": 2.5]
        #expect(records.read(.roofline, for: DeviceIdentity(device)) == first.json)
        #expect(records.write(.roofline, kept, for: DeviceIdentity(device)) == nil)
        #expect(try Roofline(of: device, records: records).json == kept)
        #expect(records.write(.roofline, ["gigaflopPerSecond": -1], for: DeviceIdentity(device)) == nil)
        var sentences: [String] = []
        let measured = try Roofline(of: device, records: records) { sentences.append($0) }
        #expect(measured.flopPerSecond > 1e8 && sentences.count == 1)
        #expect(try Roofline(of: device, records: records) == Roofline(of: device, records: records))
    }

    @Test("either ceiling holds")
    func ceilings() {
        let roofline = Roofline(flopPerSecond: 100, bytesPerSecond: 10)
        #expect(roofline.leastSeconds(flop: 200, bytes: 10) == 2)
        #expect(roofline.leastSeconds(flop: 200, bytes: 50) == 5)
    }
}
