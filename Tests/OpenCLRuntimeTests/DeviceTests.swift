import OpenCLRuntime
import Testing

@Suite(.tags(.device), .requiresOpenCL)
struct DeviceTests {
    @Test("Every device tells facts that make sense")
    func facts() throws {
        for (index, device) in try Device.discover().enumerated() {
            #expect(device.index == index)
            #expect(!device.name.isEmpty && !device.platformName.isEmpty && !device.driverVersion.isEmpty)
            #expect(device.version.hasPrefix("OpenCL "))
            #expect(device.platformVersion.hasPrefix("OpenCL "))
            #expect(device.openCLCVersion.hasPrefix("OpenCL C "))
            #expect(device.globalMemory >= device.maximumAllocation && device.maximumAllocation >= 1 << 20)
            #expect(device.localMemory >= 16 << 10)
            #expect(device.computeUnits >= 1 && device.maximumWorkGroupSize >= 1)
            #expect(device.maximumWorkItemSizes.count >= 3)
            #expect(device.baseAddressAlignment >= 1 && device.maximumParameterSize >= 256)
            #expect(device.preferredFloatVectorWidth >= 1 && device.profilingTimerResolution >= 0)
        }
    }

    @Test("Devices are found once, whoever asks, from however many threads")
    func identity() async throws {
        let first = try Device.discover().map(ObjectIdentifier.init)
        try await withThrowingTaskGroup(of: [ObjectIdentifier].self) { group in
            for _ in 0..<8 {
                group.addTask { try Device.discover().map(ObjectIdentifier.init) }
            }
            for try await again in group { #expect(again == first) }
        }
    }
}
