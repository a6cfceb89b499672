import COpenCL
import Synchronization

/// An OpenCL driver as the loader lists it.
@safe
struct Platform {
    let handle: cl_platform_id
    let name: String
    let vendor: String
    let version: String

    init(_ handle: cl_platform_id) throws(OpenCLError) {
        func text(_ name: Int32) throws(OpenCLError) -> String {
            try unsafe infoString("clGetPlatformInfo") { size, bytes, needed in
                unsafe clGetPlatformInfo(handle, cl_platform_info(bitPattern: name), size, bytes, needed)
            }
        }
        self.name = try text(CL_PLATFORM_NAME)
        self.vendor = try text(CL_PLATFORM_VENDOR)
        self.version = try text(CL_PLATFORM_VERSION)
        unsafe self.handle = handle
    }
}

extension Device {
    /// Every device of every platform, in the order in which the loader lists them.
    ///
    /// The drivers are asked once in a process, under a lock (PoCL's first `clGetDeviceIDs` fails when two threads make
    /// it at once); afterwards the same objects are given out. A platform or a device that cannot be asked is left out
    /// as long as another one can.
    ///
    /// - Throws: `noPlatform` where no driver is installed, `noDevice` where none has a device. Never an empty array.
    package static func discover() throws(OpenCLError) -> [Device] {
        try ForkGuard.check()
        return try discovered.withLock { (devices) throws(OpenCLError) in
            if devices.isEmpty {
                ForkGuard.arm()
                DriverCache.prepare()
                devices = try findAll()
            }
            return devices
        }
    }

    /// A failed search leaves this empty and may be repeated.
    private static let discovered = Mutex<[Device]>([])

    private static func findAll() throws(OpenCLError) -> [Device] {
        var devices: [Device] = []
        var firstFailure: OpenCLError?
        let platforms = try unsafe platformHandles()
        for index in unsafe platforms.indices {
            do {
                let platform = unsafe platforms[index]
                let facts = try unsafe Platform(platform)
                let handles = try unsafe deviceHandles(of: platform, named: facts.name)
                for index in unsafe handles.indices {
                    devices.append(try unsafe Device(handles[index], of: facts, index: devices.count))
                }
            } catch {
                firstFailure = firstFailure ?? error
            }
        }
        guard devices.isEmpty else { return devices }
        throw firstFailure ?? OpenCLError(.noDevice, "OpenCL drivers are installed, but none has a device")
    }

    private static func platformHandles() throws(OpenCLError) -> [cl_platform_id] {
        var count: cl_uint = 0
        var status = unsafe clGetPlatformIDs(0, nil, &count)
        var handles = unsafe [cl_platform_id?](repeating: nil, count: Int(count))
        if status == CL_SUCCESS, count > 0 {
            status = unsafe clGetPlatformIDs(count, &handles, nil)
        }
        guard status == CL_SUCCESS, count > 0 else {
            throw OpenCLError(
                call: "clGetPlatformIDs", status: OpenCLStatus(rawValue: status == CL_SUCCESS ? -1001 : status),
                kind: .noPlatform, context: "No OpenCL driver was found",
                nextStep: "Install the driver of the GPU, or PoCL (apt install pocl-opencl-icd); the loader reads "
                    + "/etc/OpenCL/vendors, or the directory that OCL_ICD_VENDORS names")
        }
        return unsafe handles.compactMap { unsafe $0 }
    }

    private static func deviceHandles(
        of platform: cl_platform_id, named name: String
    ) throws(OpenCLError) -> [cl_device_id] {
        var count: cl_uint = 0
        let type = cl_device_type(CL_DEVICE_TYPE_ALL)
        var status = unsafe clGetDeviceIDs(platform, type, 0, nil, &count)
        var handles = unsafe [cl_device_id?](repeating: nil, count: Int(count))
        if status == CL_SUCCESS, count > 0 {
            status = unsafe clGetDeviceIDs(platform, type, count, &handles, nil)
        }
        guard status == CL_SUCCESS, count > 0 else {
            throw OpenCLError(
                call: "clGetDeviceIDs", status: OpenCLStatus(rawValue: status == CL_SUCCESS ? -1 : status),
                kind: .noDevice, context: "The OpenCL platform \(name) offers no device",
                nextStep: DriverCache.hint(forPlatform: name))
        }
        return unsafe handles.compactMap { unsafe $0 }
    }
}
