import COpenCL

/// The typed questions that `clGetDeviceInfo` answers.
@safe
struct DeviceQuery {
    let handle: cl_device_id

    /// One number or handle, of exactly the type that the specification's table names.
    func value<T: BitwiseCopyable & ExpressibleByIntegerLiteral>(
        _ name: Int32, as type: T.Type
    ) throws(OpenCLError) -> T {
        var value: T = 0
        try check(
            unsafe clGetDeviceInfo(handle, cl_device_info(bitPattern: name), MemoryLayout<T>.size, &value, nil),
            "clGetDeviceInfo")
        return value
    }

    /// A `cl_uint` or `cl_bool`.
    func unsigned(_ name: Int32) throws(OpenCLError) -> Int {
        Int(try value(name, as: cl_uint.self))
    }

    /// A `cl_ulong`; what does not fit an `Int` is cut to the largest one.
    func unsigned64(_ name: Int32) throws(OpenCLError) -> Int {
        Int(clamping: try value(name, as: cl_ulong.self))
    }

    /// An array of `size_t`.
    func sizes(_ name: Int32, count: Int) throws(OpenCLError) -> [Int] {
        var sizes = [Int](repeating: 0, count: count)
        try check(
            unsafe clGetDeviceInfo(
                handle, cl_device_info(bitPattern: name), count * MemoryLayout<Int>.size, &sizes, nil),
            "clGetDeviceInfo")
        return sizes
    }

    /// An array of `size_t` as long as the driver says.
    func sizes(_ name: Int32) throws(OpenCLError) -> [Int] {
        var byteCount = 0
        try check(
            unsafe clGetDeviceInfo(handle, cl_device_info(bitPattern: name), 0, nil, &byteCount), "clGetDeviceInfo")
        return try sizes(name, count: min(byteCount, 1024) / MemoryLayout<Int>.size)
    }

    /// A text, without the blanks some drivers put around it.
    func string(_ name: Int32) throws(OpenCLError) -> String {
        try unsafe infoString("clGetDeviceInfo") { size, bytes, needed in
            unsafe clGetDeviceInfo(handle, cl_device_info(bitPattern: name), size, bytes, needed)
        }
    }
}

/// Asks any of OpenCL's information functions for a text: first its length, then the text itself.
///
/// - Parameter ask: Calls the function with a size, a place for the text, and a place for the size needed.
func infoString(
    _ call: String, _ ask: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> Int32
) throws(OpenCLError) -> String {
    String(decoding: try unsafe infoBytes(call, ask).prefix { $0 != 0 }, as: UTF8.self).trimmingBlanks()
}

/// Asks any of OpenCL's information functions for bytes whose number is not known before.
func infoBytes(
    _ call: String, _ ask: (Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> Int32
) throws(OpenCLError) -> [UInt8] {
    var size = 0
    try check(unsafe ask(0, nil, &size), call)
    guard size > 0 else { return [] }
    var bytes = [UInt8](repeating: 0, count: size)
    try check(unsafe ask(size, &bytes, nil), call)
    return bytes
}

extension String {
    /// Without spaces, tabs and newlines at either end.
    fileprivate func trimmingBlanks() -> String {
        let isBlank: (Character) -> Bool = { $0.isWhitespace }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
