#ifndef FOVEA_CHDF5_H
#define FOVEA_CHDF5_H

#include <stdint.h>

/// How a conversion ended.
typedef enum fovea_hdf5_status {
    FOVEA_HDF5_OK = 0,
    /// No libhdf5 on this machine.
    FOVEA_HDF5_NO_LIBRARY,
    /// A libhdf5 before 1.10, or one that lacks a function.
    FOVEA_HDF5_OLD_LIBRARY,
    /// The system refused something; see `system_error`.
    FOVEA_HDF5_SYSTEM,
    /// The library cannot open or read what it should.
    FOVEA_HDF5_DAMAGED,
    /// A link or a dataset that leads to another file, or a soft link.
    FOVEA_HDF5_EXTERNAL,
    /// A dataset that is larger than what is stored of it; `found` bytes where `expected` are possible.
    FOVEA_HDF5_SIZE,
    /// A filter other than gzip and shuffle; `found` is its number.
    FOVEA_HDF5_FILTER,
    /// Elements that are no numbers, or numbers of an unknown form; `found` is the class.
    FOVEA_HDF5_TYPE,
    /// More than `expected` objects, axes or levels, or a name that is too long.
    FOVEA_HDF5_LIMIT,
    /// A name with characters that no variable of Keras has.
    FOVEA_HDF5_NAME,
    /// The library crashed; see `signal_number`.
    FOVEA_HDF5_CRASHED,
    /// The library did not come to an end.
    FOVEA_HDF5_TIMEOUT,
} fovea_hdf5_status;

/// What a conversion found.
typedef struct fovea_hdf5_outcome {
    fovea_hdf5_status status;
    /// `errno` where the system refused.
    int system_error;
    /// The signal that ended the library.
    int signal_number;
    uint64_t found;
    uint64_t expected;
    /// The object concerned, shortened; empty where there is none.
    char object[256];
} fovea_hdf5_outcome;

/// Opens libhdf5, once; its path or name as it was found, or NULL where there is none.
///
/// `FOVEA_HDF5_LIBRARY` in the environment names it where it lies in no usual place.
const char *fovea_hdf5_library(void);

/// An open file without a name, for the conversion to be written to; negative with `errno` where there is none.
int fovea_hdf5_scratch(void);

/// Something to be done in a child process.
typedef fovea_hdf5_outcome (*fovea_hdf5_work)(const void *context);

/// Does something in a child process whose memory and processor time are limited by the size of the file it works on.
///
/// A child that crashes or does not come to an end gives FOVEA_HDF5_CRASHED or FOVEA_HDF5_TIMEOUT.
fovea_hdf5_outcome fovea_hdf5_guarded(fovea_hdf5_work work, const void *context, uint64_t file_size);

/// Writes all floating-point datasets of an HDF5 file to an open file, in the safetensors format.
///
/// The library runs in a child process with limits on memory and time, so that a file that crashes it ends the child
/// alone. Names are paths without the first slash; integers, attributes and the group `optimizer_weights` are left out.
fovea_hdf5_outcome fovea_hdf5_convert(const char *path, int output);

#endif
