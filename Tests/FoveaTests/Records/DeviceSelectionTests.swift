import Checkpoints
import FoundationEssentials
import OpenCLOperations
import OpenCLRuntime
import Operations
import Testing

@testable import Fovea

@Suite("Selections of devices", .serialized)
struct DeviceSelectionTests {
    private let folder: TemporaryFolder
    private let records: DeviceRecords
    private let products = [NarrowForm.wgmma, .mma16, .portable].map { NarrowProduct(.bfloat16, $0) }
    private let selection: NarrowSelection

    init() throws {
        folder = try TemporaryFolder()
        records = DeviceRecords(directory: folder.path + "/cache")
        selection = NarrowSelection(
            products[0], attention: .mma16,
            refusals: [
                NarrowSelection.Refusal(.linear, by: .mma16, .slower, "0.31 ms against 0.12 of wgmma"),
                NarrowSelection.Refusal(.attention, by: .wgmma, .wrong, "computed 0.3 instead of 0.7"),
            ])
    }

    private func identity(driver: String = "580") throws -> DeviceIdentity {
        let names = ["platform", "platformVersion", "name", "vendor", "version", "fovea"]
        let members = names.map { ($0, JSON("a \($0)")) } + [("driver", JSON(driver))]
        return try #require(DeviceIdentity(.object(JSON.Object(members))))
    }

    private func store(
        driver: String = "580", fingerprint: String = "1f", probesAnew: Bool = false,
        report: (@Sendable (String) -> Void)? = nil
    ) throws -> DeviceSelections {
        DeviceSelections(
            of: try identity(driver: driver), fingerprint: fingerprint, in: records, probesAnew: probesAnew,
            report: report)
    }

    @Test("are read as they were kept, for the same products, driver and kernels alone")
    func roundTrip() throws {
        let store = try store()
        #expect(store.selection(among: products) == nil)
        store.keep(selection, among: products)
        #expect(store.selection(among: products) == selection)
        let inFloat32 = NarrowSelection(products[0], attention: nil)
        store.keep(inFloat32, among: products)
        #expect(store.selection(among: products) == inFloat32)
        store.keep(selection, among: products)
        #expect(store.selection(among: products.reversed()) == nil)
        #expect(store.selection(among: Array(products.dropFirst())) == nil)
        #expect(try self.store(driver: "581").selection(among: products) == nil)
        #expect(try self.store(fingerprint: "2f").selection(among: products) == nil)
        #expect(try self.store(probesAnew: true).selection(among: products) == nil)
        let emulated = products.map { NarrowProduct($0.precision, $0.form, emulation: .faithful) }
        #expect(store.selection(among: emulated) == nil)
    }

    @Test("stand beside those of other precisions, until a kernel changes")
    func precisions() throws {
        let half = products.map { NarrowProduct(.float16, $0.form) }
        try store().keep(selection, among: products)
        try store().keep(NarrowSelection(half[1]), among: half)
        #expect(try store().selection(among: half) == NarrowSelection(half[1]))
        #expect(try store().selection(among: products) == selection)
        try store().keep(NarrowSelection(products[2]), among: products)
        #expect(try store().selection(among: products) == NarrowSelection(products[2]))
        try store(fingerprint: "2f").keep(selection, among: products)
        #expect(try store(fingerprint: "2f").selection(among: half) == nil)
        #expect(try store().selection(among: half) == nil)
    }

    @Test(
        "count as none where the file is damaged, and are kept again",
        arguments: [
            ("wgmma\"", "mfma\""), ("slower", "slow"), ("\"attention\": \"mma16\"", "\"attention\": 0"),
            ("\"attention\": \"mma16\"", "\"attention\": \"dpas8\""),
            ("\"operation\": \"linear\"", "\"operation\": 7"), ("\"precisions\"", "\"precision\""), ("{", "["),
            ("580", "58"),
        ])
    func damage(_ old: String, _ new: String) throws {
        try store().keep(selection, among: products)
        let path = records.path(.selection, for: try identity())
        let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
        #expect(text.contains(old))
        try Data(text.replacing(old, with: new).utf8).write(to: URL(filePath: path))
        #expect(try store().selection(among: products) == nil)
        try store().keep(selection, among: products)
        #expect(try store().selection(among: products) == selection)
    }

    @Test("are no failure where they cannot be kept")
    func unwritable() throws {
        try folder.write("", to: "file")
        let blocked = DeviceSelections(
            of: try identity(), fingerprint: "1f", in: DeviceRecords(directory: folder.path + "/file"))
        blocked.keep(selection, among: products)
        #expect(blocked.selection(among: products) == nil)
    }

    @Test("spare a second start its probes, unless it asks for them", .requiresOpenCL)
    func starts() throws {
        let device = try #require(TestDevice.first)
        var options = SessionOptions()
        options.records = records
        options.backend.precision = .bfloat16
        let candidates = [
            NarrowProduct(.bfloat16, .dpas8, emulation: .exchangedSums), NarrowProduct(.bfloat16, .portable),
        ]
        options.backend.candidates = candidates
        let path = records.path(.selection, for: DeviceIdentity(device))
        let first = try OpenCLBackend(device, tuned: options).selection
        #expect(first?.product == candidates[1] && first?.refusals.map(\.cause) == [.wrong])
        let kept = try Data(contentsOf: URL(filePath: path))
        // What no probe would find, so that it shows whether there was one.
        let claimed = NarrowSelection(candidates[0])
        DeviceSelections(of: device, in: records)?.keep(claimed, among: candidates)
        #expect(try OpenCLBackend(device, tuned: options).selection == claimed)
        options.probesAnew = true
        #expect(try OpenCLBackend(device, tuned: options).selection == first)
        #expect(try Data(contentsOf: URL(filePath: path)) != kept)
        options.probesAnew = false
        try Data().write(to: URL(filePath: path))
        #expect(try OpenCLBackend(device, tuned: options).selection == first)
        #expect(try Data(contentsOf: URL(filePath: path)) == kept)
    }
}
