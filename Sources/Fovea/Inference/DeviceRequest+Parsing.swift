extension DeviceRequest {
    /// Reads what a program names a device by; throws `usage` for a text that names none.
    init(parsing text: String) throws(FoveaError) {
        guard let request = DeviceRequest(text) else {
            throw FoveaError(
                .usage, code: "DEVICE_NAME",
                "'\(text)' names no device; use auto, gpu, cpu, opencl:N or part of a name")
        }
        self = request
    }
}
