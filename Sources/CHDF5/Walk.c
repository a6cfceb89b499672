#include "Walk.h"

#include <stdlib.h>
#include <string.h>

bool fovea_hdf5_refuse(walk *walk, fovea_hdf5_status status, uint64_t found, uint64_t expected) {
    walk->outcome.status = status;
    walk->outcome.found = found;
    walk->outcome.expected = expected;
    const size_t room = sizeof walk->outcome.object - 1;
    const size_t length = walk->path_length < room ? walk->path_length : room;
    memcpy(walk->outcome.object, walk->path, length);
    walk->outcome.object[length] = 0;
    return false;
}

static bool damaged(walk *walk) { return fovea_hdf5_refuse(walk, FOVEA_HDF5_DAMAGED, 0, 0); }

/// What safetensors calls a floating-point type; NULL where it is none of IEEE's or bfloat16.
static const char *type_name(const hdf5_library *h5, hid_t type) {
    const size_t size = h5->H5Tget_size(type);
    const int order = h5->H5Tget_order(type);
    size_t sign = 0, exponent = 0, exponent_size = 0, mantissa = 0, mantissa_size = 0;
    if (order != H5T_ORDER_LE && order != H5T_ORDER_BE) return NULL;
    if (h5->H5Tget_fields(type, &sign, &exponent, &exponent_size, &mantissa, &mantissa_size) < 0) return NULL;
    if (mantissa != 0 || exponent != mantissa_size || sign != size * 8 - 1) return NULL;
    if (size == 4 && exponent_size == 8 && mantissa_size == 23) return "F32";
    if (size == 8 && exponent_size == 11 && mantissa_size == 52) return "F64";
    if (size == 2 && exponent_size == 5 && mantissa_size == 10) return "F16";
    if (size == 2 && exponent_size == 8 && mantissa_size == 7) return "BF16";
    return NULL;
}

/// Checks where a dataset's bytes lie and how they are filtered; tells whether they are compressed.
static bool check_storage(walk *walk, hid_t properties, bool *is_compressed) {
    const hdf5_library *h5 = walk->library;
    if (h5->H5Pget_layout(properties) == H5D_VIRTUAL || h5->H5Pget_external_count(properties) != 0)
        return fovea_hdf5_refuse(walk, FOVEA_HDF5_EXTERNAL, 0, 0);
    const int count = h5->H5Pget_nfilters(properties);
    if (count < 0) return damaged(walk);
    for (int i = 0; i < count; i++) {
        unsigned flags = 0, configuration = 0;
        size_t value_count = 0;
        const int filter =
            h5->H5Pget_filter2(properties, (unsigned)i, &flags, &value_count, NULL, 0, NULL, &configuration);
        if (filter == H5Z_FILTER_DEFLATE) {
            *is_compressed = true;
        } else if (filter != H5Z_FILTER_SHUFFLE) {
            return fovea_hdf5_refuse(walk, FOVEA_HDF5_FILTER, (uint64_t)(filter < 0 ? 0 : filter), 0);
        }
    }
    return true;
}

/// Reads a dataset's shape and holds its size against what is stored.
static bool measure(walk *walk, hid_t object, hid_t space, size_t element, bool is_compressed, dataset *dataset) {
    const hdf5_library *h5 = walk->library;
    const int axis_count = h5->H5Sget_simple_extent_ndims(space);
    if (axis_count < 0 || h5->H5Sget_simple_extent_type(space) == H5S_NULL) return damaged(walk);
    if (axis_count > AXIS_LIMIT) return fovea_hdf5_refuse(walk, FOVEA_HDF5_LIMIT, (uint64_t)axis_count, AXIS_LIMIT);
    if (h5->H5Sget_simple_extent_dims(space, dataset->axes, NULL) < 0) return damaged(walk);
    uint64_t size = element;
    bool is_empty = false;
    for (int i = 0; i < axis_count; i++) {
        // Without the zeros, so that no product overflows later either.
        if (dataset->axes[i] == 0) {
            is_empty = true;
        } else if (__builtin_mul_overflow(size, dataset->axes[i], &size)) {
            return fovea_hdf5_refuse(walk, FOVEA_HDF5_SIZE, UINT64_MAX, walk->file_size);
        }
    }
    if (is_empty) size = 0;
    uint64_t stored = h5->H5Dget_storage_size(object);
    if (stored > walk->file_size) stored = walk->file_size;
    const uint64_t possible = is_compressed ? stored * DEFLATE_RATIO : stored;
    if (size > possible) return fovea_hdf5_refuse(walk, FOVEA_HDF5_SIZE, size, possible);
    // A dataset may have several names: all of them together may not be copied without end.
    walk->total += size;
    walk->is_compressed = walk->is_compressed || is_compressed;
    const uint64_t allowed = walk->file_size * (walk->is_compressed ? COMPRESSED_RATIO : STORED_RATIO);
    if (walk->total > allowed) return fovea_hdf5_refuse(walk, FOVEA_HDF5_SIZE, walk->total, allowed);
    dataset->axis_count = axis_count;
    dataset->size = size;
    return true;
}

static bool keep(walk *walk, dataset *found) {
    dataset *grown = realloc(walk->datasets, (walk->dataset_count + 1) * sizeof *grown);
    if (grown == NULL) return fovea_hdf5_refuse(walk, FOVEA_HDF5_LIMIT, walk->dataset_count, OBJECT_LIMIT);
    walk->datasets = grown;
    found->path = strdup(walk->path);
    if (found->path == NULL) return fovea_hdf5_refuse(walk, FOVEA_HDF5_LIMIT, walk->dataset_count, OBJECT_LIMIT);
    walk->datasets[walk->dataset_count++] = *found;
    return true;
}

static bool visit_dataset(walk *walk, hid_t object) {
    const hdf5_library *h5 = walk->library;
    const hid_t type = h5->H5Dget_type(object), space = h5->H5Dget_space(object);
    const hid_t properties = h5->H5Dget_create_plist(object);
    bool is_good = false, is_compressed = false;
    dataset found = {0};
    if (type < 0 || space < 0 || properties < 0) {
        damaged(walk);
    } else if (check_storage(walk, properties, &is_compressed)) {
        const int class = h5->H5Tget_class(type);
        found.type = class == H5T_FLOAT ? type_name(h5, type) : NULL;
        if (class == H5T_INTEGER) {
            is_good = true;
        } else if (found.type == NULL) {
            fovea_hdf5_refuse(walk, FOVEA_HDF5_TYPE, (uint64_t)(class < 0 ? 0 : class), 0);
        } else if (measure(walk, object, space, h5->H5Tget_size(type), is_compressed, &found)) {
            // An optimizer's state is no part of the model.
            is_good = strncmp(walk->path, "optimizer_weights/", 18) == 0 || keep(walk, &found);
        }
    }
    if (type >= 0) h5->H5Tclose(type);
    if (space >= 0) h5->H5Sclose(space);
    if (properties >= 0) h5->H5Pclose(properties);
    return is_good;
}

/// Whether a group was seen before, which a cycle of hard links makes possible; notes it otherwise.
static bool is_known(walk *walk, hid_t group, bool *failed) {
    const hdf5_library *h5 = walk->library;
    object_info info;
    memset(&info, 0, sizeof info);
    const herr_t status = h5->object_info_fields != NULL ? h5->object_info_fields(group, &info, H5O_INFO_BASIC)
                                                         : h5->object_info(group, &info);
    // Before 1.12 the address is the first word and other facts follow.
    if (h5->object_info_fields == NULL) info.token[1] = 0;
    uint64_t *grown = realloc(walk->groups, (walk->group_count + 1) * 2 * sizeof *grown);
    *failed = status < 0 || grown == NULL;
    if (grown != NULL) walk->groups = grown;
    if (*failed) return false;
    for (size_t i = 0; i < walk->group_count; i++)
        if (memcmp(&grown[2 * i], info.token, sizeof info.token) == 0) return true;
    memcpy(&grown[2 * walk->group_count++], info.token, sizeof info.token);
    return false;
}

static bool visit(walk *walk, hid_t object, int depth);

/// Adds a name to the path; false where it cannot be one of Keras'.
static bool descend(walk *walk, hid_t group, hsize_t index) {
    char name[NAME_LIMIT + 1];
    const ssize_t length = walk->library->H5Lget_name_by_idx(
        group, ".", H5_INDEX_NAME, H5_ITER_INC, index, name, sizeof name, H5P_DEFAULT);
    if (length < 0) return damaged(walk);
    const size_t separator = walk->path_length > 0 ? 1 : 0;
    if (length == 0 || (size_t)length + separator > NAME_LIMIT - walk->path_length)
        return fovea_hdf5_refuse(walk, FOVEA_HDF5_LIMIT, (uint64_t)length, NAME_LIMIT);
    for (ssize_t i = 0; i < length; i++)
        if (name[i] < 0x20 || name[i] > 0x7e || name[i] == '"' || name[i] == '\\' || name[i] == '/')
            return fovea_hdf5_refuse(walk, FOVEA_HDF5_NAME, (unsigned char)name[i], 0);
    if (separator == 1) walk->path[walk->path_length++] = '/';
    memcpy(walk->path + walk->path_length, name, (size_t)length + 1);
    walk->path_length += (size_t)length;
    return true;
}

static bool visit_group(walk *walk, hid_t group, int depth) {
    const hdf5_library *h5 = walk->library;
    bool failed = false;
    if (is_known(walk, group, &failed)) return true;
    group_info info = {0};
    if (failed || h5->H5Gget_info(group, &info) < 0) return damaged(walk);
    if (depth >= DEPTH_LIMIT) return fovea_hdf5_refuse(walk, FOVEA_HDF5_LIMIT, (uint64_t)depth, DEPTH_LIMIT);
    if (info.link_count > OBJECT_LIMIT - walk->object_count)
        return fovea_hdf5_refuse(walk, FOVEA_HDF5_LIMIT, walk->object_count + info.link_count, OBJECT_LIMIT);
    walk->object_count += info.link_count;
    for (hsize_t index = 0; index < info.link_count; index++) {
        const size_t before = walk->path_length;
        if (!descend(walk, group, index)) return false;
        const char *name = walk->path + before + (before > 0 ? 1 : 0);
        link_info link;
        memset(&link, 0, sizeof link);
        if (h5->link_info(group, name, &link, H5P_DEFAULT) < 0) return damaged(walk);
        if (link.type != H5L_TYPE_HARD) return fovea_hdf5_refuse(walk, FOVEA_HDF5_EXTERNAL, (uint64_t)link.type, 0);
        const hid_t object = h5->H5Oopen(group, name, H5P_DEFAULT);
        if (object < 0) return damaged(walk);
        const bool is_good = visit(walk, object, depth + 1);
        h5->H5Oclose(object);
        if (!is_good) return false;
        walk->path_length = before;
        walk->path[before] = 0;
    }
    return true;
}

static bool visit(walk *walk, hid_t object, int depth) {
    switch (walk->library->H5Iget_type(object)) {
    case H5I_GROUP: return visit_group(walk, object, depth);
    case H5I_DATASET: return visit_dataset(walk, object);
    // A named type holds no values.
    default: return true;
    }
}

bool fovea_hdf5_walk(walk *walk) {
    const hid_t root = walk->library->H5Oopen(walk->file, "/", H5P_DEFAULT);
    if (root < 0) return damaged(walk);
    return visit(walk, root, 0);
}
