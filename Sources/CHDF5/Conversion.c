#include "Conversion.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "Walk.h"

/// Text that grows.
typedef struct text {
    char *bytes;
    size_t length;
    size_t capacity;
} text;

static bool append(text *text, const char *part) {
    const size_t length = strlen(part);
    if (length > text->capacity - text->length) {
        const size_t capacity = (text->capacity + length) * 2;
        char *grown = realloc(text->bytes, capacity);
        if (grown == NULL) return false;
        text->bytes = grown;
        text->capacity = capacity;
    }
    memcpy(text->bytes + text->length, part, length);
    text->length += length;
    return true;
}

static bool refuse_system(walk *walk) {
    walk->outcome.system_error = errno;
    return fovea_hdf5_refuse(walk, FOVEA_HDF5_SYSTEM, 0, 0);
}

static bool write_all(walk *walk, int output, const void *bytes, size_t count) {
    while (count > 0) {
        const ssize_t written = write(output, bytes, count);
        if (written < 0 && errno != EINTR) return refuse_system(walk);
        if (written > 0) {
            bytes = (const char *)bytes + written;
            count -= (size_t)written;
        }
    }
    return true;
}

/// The header of a safetensors file that holds the datasets one behind the other.
static bool write_header(walk *walk, int output) {
    text header = {0};
    char number[96];
    uint64_t offset = 0;
    bool is_good = append(&header, "{");
    for (size_t i = 0; i < walk->dataset_count; i++) {
        const dataset *dataset = &walk->datasets[i];
        is_good = is_good && append(&header, i > 0 ? ",\"" : "\"") && append(&header, dataset->path)
            && append(&header, "\":{\"dtype\":\"") && append(&header, dataset->type)
            && append(&header, "\",\"shape\":[");
        for (int axis = 0; axis < dataset->axis_count; axis++) {
            snprintf(number, sizeof number, "%s%llu", axis > 0 ? "," : "", dataset->axes[axis]);
            is_good = is_good && append(&header, number);
        }
        snprintf(
            number, sizeof number, "],\"data_offsets\":[%llu,%llu]}", (unsigned long long)offset,
            (unsigned long long)(offset + dataset->size));
        is_good = is_good && append(&header, number);
        offset += dataset->size;
    }
    if (!is_good || !append(&header, "}")) {
        errno = ENOMEM;
        return refuse_system(walk);
    }
    unsigned char length[8];
    for (int i = 0; i < 8; i++) length[i] = (unsigned char)((uint64_t)header.length >> (8 * i));
    is_good = write_all(walk, output, length, sizeof length) && write_all(walk, output, header.bytes, header.length);
    free(header.bytes);
    return is_good;
}

/// Reads one dataset, little-endian whatever it is in the file, and writes it.
static bool write_dataset(walk *walk, const dataset *dataset, int output) {
    const hdf5_library *h5 = walk->library;
    walk->path_length = strlen(dataset->path);
    memcpy(walk->path, dataset->path, walk->path_length + 1);
    if (dataset->size == 0) return true;
    void *bytes = malloc(dataset->size);
    if (bytes == NULL) {
        errno = ENOMEM;
        return refuse_system(walk);
    }
    const hid_t object = h5->H5Oopen(walk->file, dataset->path, H5P_DEFAULT);
    const hid_t stored = object < 0 ? -1 : h5->H5Dget_type(object);
    const hid_t type = stored < 0 ? -1 : h5->H5Tcopy(stored);
    const bool is_read = type >= 0 && h5->H5Tset_order(type, H5T_ORDER_LE) >= 0
        && h5->H5Dread(object, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, bytes) >= 0;
    if (type >= 0) h5->H5Tclose(type);
    if (stored >= 0) h5->H5Tclose(stored);
    if (object >= 0) h5->H5Oclose(object);
    const bool is_good = is_read ? write_all(walk, output, bytes, dataset->size)
                                 : fovea_hdf5_refuse(walk, FOVEA_HDF5_DAMAGED, 0, 0);
    free(bytes);
    return is_good;
}

fovea_hdf5_outcome fovea_hdf5_convert_here(
    const hdf5_library *library, const char *path, uint64_t file_size, int output) {
    static walk walk;
    memset(&walk, 0, sizeof walk);
    walk.library = library;
    walk.file_size = file_size;
    unsigned major = 0, minor = 0, patch = 0;
    if (library->H5open() < 0 || library->H5get_libversion(&major, &minor, &patch) < 0
        || (major == 1 && minor < 10)) {
        fovea_hdf5_refuse(&walk, FOVEA_HDF5_OLD_LIBRARY, minor, 10);
        return walk.outcome;
    }
    library->H5PLset_loading_state(0);
    library->H5Eset_auto2(0, NULL, NULL);
    walk.file = library->H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (walk.file < 0) {
        fovea_hdf5_refuse(&walk, FOVEA_HDF5_DAMAGED, 0, 0);
    } else if (fovea_hdf5_walk(&walk) && write_header(&walk, output)) {
        for (size_t i = 0; i < walk.dataset_count; i++)
            if (!write_dataset(&walk, &walk.datasets[i], output)) break;
    }
    return walk.outcome;
}
