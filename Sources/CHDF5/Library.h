#ifndef FOVEA_CHDF5_LIBRARY_H
#define FOVEA_CHDF5_LIBRARY_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Declarations as in HDF5 1.10 and later, so that its headers are not needed (H5*public.h).
typedef int64_t hid_t;
typedef int herr_t;
typedef unsigned long long hsize_t;

enum {
    H5F_ACC_RDONLY = 0,
    H5P_DEFAULT = 0,
    H5S_ALL = 0,
    H5_INDEX_NAME = 0,
    H5_ITER_INC = 0,
    H5I_GROUP = 2,
    H5I_DATASET = 5,
    H5L_TYPE_HARD = 0,
    H5S_NULL = 2,
    H5T_INTEGER = 0,
    H5T_FLOAT = 1,
    H5T_ORDER_LE = 0,
    H5T_ORDER_BE = 1,
    H5D_VIRTUAL = 3,
    H5Z_FILTER_DEFLATE = 1,
    H5Z_FILTER_SHUFFLE = 2,
    H5O_INFO_BASIC = 1,
};

/// The start of H5G_info_t.
typedef struct group_info {
    int storage_type;
    hsize_t link_count;
    int64_t max_creation_order;
    unsigned char mounted;
} group_info;

/// The start of H5L_info_t, the same in all versions, and room for the rest.
typedef struct link_info {
    int type;
    char rest[124];
} link_info;

/// The start of H5O_info_t in all versions: file number, then address (1.10) or token (1.12); and room for the rest.
typedef struct object_info {
    unsigned long file_number;
    uint64_t token[2];
    char rest[488];
} object_info;

/// The functions of libhdf5 that are used, one line each: result, name, arguments.
#define FOVEA_HDF5_FUNCTIONS(F)                                                                                        \
    F(herr_t, H5open, (void))                                                                                          \
    F(herr_t, H5get_libversion, (unsigned *, unsigned *, unsigned *))                                                  \
    F(herr_t, H5Eset_auto2, (hid_t, void *, void *))                                                                   \
    F(herr_t, H5PLset_loading_state, (unsigned))                                                                       \
    F(hid_t, H5Fopen, (const char *, unsigned, hid_t))                                                                 \
    F(hid_t, H5Oopen, (hid_t, const char *, hid_t))                                                                    \
    F(herr_t, H5Oclose, (hid_t))                                                                                       \
    F(int, H5Iget_type, (hid_t))                                                                                       \
    F(herr_t, H5Gget_info, (hid_t, group_info *))                                                                      \
    F(ssize_t, H5Lget_name_by_idx, (hid_t, const char *, int, int, hsize_t, char *, size_t, hid_t))                    \
    F(hid_t, H5Dget_space, (hid_t))                                                                                    \
    F(hid_t, H5Dget_type, (hid_t))                                                                                     \
    F(hid_t, H5Dget_create_plist, (hid_t))                                                                             \
    F(hsize_t, H5Dget_storage_size, (hid_t))                                                                           \
    F(herr_t, H5Dread, (hid_t, hid_t, hid_t, hid_t, hid_t, void *))                                                    \
    F(int, H5Sget_simple_extent_type, (hid_t))                                                                         \
    F(int, H5Sget_simple_extent_ndims, (hid_t))                                                                        \
    F(int, H5Sget_simple_extent_dims, (hid_t, hsize_t *, hsize_t *))                                                   \
    F(herr_t, H5Sclose, (hid_t))                                                                                       \
    F(int, H5Tget_class, (hid_t))                                                                                      \
    F(size_t, H5Tget_size, (hid_t))                                                                                    \
    F(int, H5Tget_order, (hid_t))                                                                                      \
    F(herr_t, H5Tget_fields, (hid_t, size_t *, size_t *, size_t *, size_t *, size_t *))                                \
    F(hid_t, H5Tcopy, (hid_t))                                                                                         \
    F(herr_t, H5Tset_order, (hid_t, int))                                                                              \
    F(herr_t, H5Tclose, (hid_t))                                                                                       \
    F(int, H5Pget_layout, (hid_t))                                                                                     \
    F(int, H5Pget_external_count, (hid_t))                                                                             \
    F(int, H5Pget_nfilters, (hid_t))                                                                                   \
    F(int, H5Pget_filter2, (hid_t, unsigned, unsigned *, size_t *, unsigned *, size_t, char *, unsigned *))            \
    F(herr_t, H5Pclose, (hid_t))

/// libhdf5, opened at run time.
typedef struct hdf5_library {
    const char *name;
#define FOVEA_HDF5_MEMBER(RESULT, NAME, ARGUMENTS) RESULT(*NAME) ARGUMENTS;
    FOVEA_HDF5_FUNCTIONS(FOVEA_HDF5_MEMBER)
#undef FOVEA_HDF5_MEMBER
    /// H5Lget_info2 of 1.12, else H5Lget_info.
    herr_t (*link_info)(hid_t, const char *, link_info *, hid_t);
    /// H5Oget_info3 of 1.12; else NULL.
    herr_t (*object_info_fields)(hid_t, object_info *, unsigned);
    /// H5Oget_info of 1.10.
    herr_t (*object_info)(hid_t, object_info *);
} hdf5_library;

/// The library with all of its functions; NULL where there is none, or an old one, which is told by `is_old`.
const hdf5_library *fovea_hdf5_open_library(int *is_old);

#endif
