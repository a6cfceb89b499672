#ifndef FOVEA_CHDF5_WALK_H
#define FOVEA_CHDF5_WALK_H

#include <stdbool.h>

#include "CHDF5.h"
#include "Library.h"

enum {
    DEPTH_LIMIT = 64,
    AXIS_LIMIT = 32,
    NAME_LIMIT = 4096,
    OBJECT_LIMIT = 100000,
    /// The most that deflate makes of one byte.
    DEFLATE_RATIO = 1032,
    /// How much larger than the file all contents together may be.
    COMPRESSED_RATIO = 200,
    STORED_RATIO = 2,
};

/// A floating-point dataset, checked against what is stored of it.
typedef struct dataset {
    char *path;
    /// The name of its elements in safetensors.
    const char *type;
    int axis_count;
    hsize_t axes[AXIS_LIMIT];
    uint64_t size;
} dataset;

/// A walk over a file, from its root to its last dataset.
typedef struct walk {
    const hdf5_library *library;
    hid_t file;
    uint64_t file_size;
    fovea_hdf5_outcome outcome;
    char path[NAME_LIMIT + 1];
    size_t path_length;
    uint64_t *groups;
    size_t group_count;
    uint64_t object_count;
    dataset *datasets;
    size_t dataset_count;
    /// Bytes of all datasets, and whether one of them is compressed.
    uint64_t total;
    bool is_compressed;
} walk;

/// Lists all floating-point datasets; false with the outcome set where the file is refused.
bool fovea_hdf5_walk(walk *walk);

/// Notes why the file is refused, and which object is to blame; always false.
bool fovea_hdf5_refuse(walk *walk, fovea_hdf5_status status, uint64_t found, uint64_t expected);

#endif
