import Glibc

/// Host memory between two pages that cannot be touched.
///
/// Its end lies as close to the second page as alignment allows: at the end exactly where the size is a multiple of its
/// own largest power of two, which it always is, so that no overrun, of one byte even, stays unseen.
@safe
final class GuardedMemory: Sendable {
    /// Where the memory begins, aligned to the largest power of two that divides its size.
    nonisolated(unsafe) let address: UnsafeMutableRawPointer
    private nonisolated(unsafe) let mapping: UnsafeMutableRawPointer
    private let mappingSize: Int

    /// Maps memory, filled with 0xFF bytes: NaN in every floating-point format.
    ///
    /// - Throws: `outOfMemory` where the system has none.
    init(byteCount: Int) throws(OpenCLError) {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let inner = (byteCount + page - 1) / page * page
        let size = inner + 2 * page
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let mapping = unsafe mmap(nil, size, PROT_NONE, flags, -1, 0), unsafe mapping != MAP_FAILED,
            unsafe mprotect(mapping + page, inner, PROT_READ | PROT_WRITE) == 0
        else {
            throw OpenCLError(.outOfMemory, "Guarded memory of \(megabytes(byteCount)) could not be mapped")
        }
        unsafe self.mapping = mapping
        mappingSize = size
        unsafe address = mapping + page + inner - byteCount
        unsafe memset(mapping + page, 0xFF, inner)
    }

    /// Gives the memory back; to be called once.
    func unmap() {
        unsafe munmap(mapping, mappingSize)
    }
}
