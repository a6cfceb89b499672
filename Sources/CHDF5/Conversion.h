#ifndef FOVEA_CHDF5_CONVERSION_H
#define FOVEA_CHDF5_CONVERSION_H

#include "CHDF5.h"
#include "Library.h"

/// Converts a file in this very process, which a bad file may end; frees nothing, for the process ends anyway.
fovea_hdf5_outcome fovea_hdf5_convert_here(
    const hdf5_library *library, const char *path, uint64_t file_size, int output);

#endif
