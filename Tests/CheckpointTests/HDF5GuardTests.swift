import CHDF5
import Checkpoints
import CheckpointsHDF5
import Glibc
import Testing

@Suite("The process that libhdf5 runs in")
struct HDF5GuardTests {
    @Test("A crash ends the child alone, and its signal is told")
    func crash() {
        let outcome = fovea_hdf5_guarded(
            { _ in
                raise(SIGSEGV)
                return fovea_hdf5_outcome()
            }, nil, 0)
        #expect(outcome.status == FOVEA_HDF5_CRASHED && outcome.signal_number == SIGSEGV)
        let error = CheckpointError.hdf5(outcome, file: "weights.h5")
        #expect(error?.code == .hdf5Crashed)
        #expect(
            error?.description
                == "weights.h5: crashes the HDF5 library (signal 11); the file is damaged, download it again")
    }

    @Test("A child that leaves without an answer has crashed")
    func departure() {
        let outcome = fovea_hdf5_guarded(
            { _ in
                if getpid() > 0 { _exit(0) }
                return fovea_hdf5_outcome()
            }, nil, 0)
        #expect(outcome.status == FOVEA_HDF5_CRASHED && outcome.signal_number == 0)
    }

    @Test("A loop without end is ended")
    func loop() {
        let outcome = fovea_hdf5_guarded(
            { _ in
                while getpid() > 0 {}
                return fovea_hdf5_outcome()
            }, nil, 0)
        #expect(outcome.status == FOVEA_HDF5_TIMEOUT)
        #expect(CheckpointError.hdf5(outcome, file: "weights.h5")?.code == .hdf5Timeout)
    }

    @Test("A small file gets no gigabytes, and its answer comes back")
    func memory() {
        let outcome = fovea_hdf5_guarded(
            { _ in
                var outcome = fovea_hdf5_outcome()
                let block = mmap(nil, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                outcome.found = block == UnsafeMutableRawPointer(bitPattern: -1) ? 1 : 2
                return outcome
            }, nil, 1000)
        #expect(outcome.status == FOVEA_HDF5_OK && outcome.found == 1)
    }
}
