import OpenCLOperations
import OpenCLRuntime
public import Operations

/// Single operations on a device, for programs that measure or study them: `Benchmarks` is one.
public enum OperationBackend {
    /// Opens a device for operations.
    ///
    /// - Parameter device: `auto`, `gpu`, `cpu` (the reference, without OpenCL), `opencl:N`, or part of a device's name.
    /// - Returns: The backend, to be used by one thread at a time, and the name of the device.
    /// - Throws: `FoveaError` of category `noDevice` or `outOfMemory`; `usage` for a text that names no device.
    public static func open(
        _ device: String = "auto"
    ) throws(FoveaError) -> (backend: any Backend, deviceName: String) {
        let found = try ComputeDevice(DeviceRequest(named: device))
        switch found {
        case .reference:
            return (ReferenceBackend(), found.name)
        case .openCL(let openCLDevice):
            do {
                return (try OpenCLBackend(openCLDevice, tuned: SessionOptions()), found.name)
            } catch {
                throw FoveaError(error)
            }
        }
    }
}
