import COpenCL

/// The library between a program and the drivers.
package enum OpenCLLoader {
    /// Its name and version; that it does not tell, where it does not.
    ///
    /// Asked through `cl_loader_info`, which ocl-icd and the Khronos loader both have (Khronos OpenCL-ICD-Loader,
    /// `loader/icd_dispatch.c`). Starts no driver.
    package static var description: String {
        guard let name = text(name), let version = text(version) else { return "does not tell its version" }
        return "\(name) \(version)"
    }

    private static let version: cl_uint = 2
    private static let name: cl_uint = 3

    private typealias Query =
        @convention(c) (cl_uint, Int, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int>?) -> cl_int

    private static func text(_ parameter: cl_uint) -> String? {
        guard let symbol = unsafe clGetExtensionFunctionAddress("clGetICDLoaderInfoOCLICD") else { return nil }
        let query = unsafe unsafeBitCast(symbol, to: Query.self)
        var bytes = [UInt8](repeating: 0, count: 256)
        let status = unsafe bytes.withUnsafeMutableBytes { unsafe query(parameter, $0.count, $0.baseAddress, nil) }
        return status == CL_SUCCESS ? String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) : nil
    }
}
