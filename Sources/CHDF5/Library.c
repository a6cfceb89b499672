#include "Library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "CHDF5.h"

// Debian and Ubuntu call it libhdf5_serial; others do not. The numbers are those of 2.0, 1.14, 1.12 and 1.10.
static const char *const names[] = {
    "libhdf5_serial.so.320", "libhdf5_serial.so.310", "libhdf5_serial.so.200", "libhdf5_serial.so.103",
    "libhdf5_serial.so",     "libhdf5.so.320",        "libhdf5.so.310",        "libhdf5.so.200",
    "libhdf5.so.103",        "libhdf5.so",            "libhdf5.dylib",         "/opt/homebrew/lib/libhdf5.dylib",
};

static hdf5_library library;
static bool is_complete;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void open_library(void) {
    void *handle = NULL;
    const char *named = getenv("FOVEA_HDF5_LIBRARY");
    if (named != NULL && named[0] != 0) {
        library.name = named;
        handle = dlopen(named, RTLD_NOW | RTLD_LOCAL);
    } else {
        for (size_t i = 0; handle == NULL && i < sizeof names / sizeof names[0]; i++) {
            library.name = names[i];
            handle = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
        }
    }
    if (handle == NULL) {
        library.name = NULL;
        return;
    }
    is_complete = true;
#define FOVEA_HDF5_FIND(RESULT, NAME, ARGUMENTS)                                                                       \
    library.NAME = (RESULT(*) ARGUMENTS)dlsym(handle, #NAME);                                                          \
    is_complete = is_complete && library.NAME != NULL;
    FOVEA_HDF5_FUNCTIONS(FOVEA_HDF5_FIND)
#undef FOVEA_HDF5_FIND
    void *link = dlsym(handle, "H5Lget_info2");
    if (link == NULL) link = dlsym(handle, "H5Lget_info");
    library.link_info = (herr_t(*)(hid_t, const char *, link_info *, hid_t))link;
    library.object_info_fields = (herr_t(*)(hid_t, object_info *, unsigned))dlsym(handle, "H5Oget_info3");
    library.object_info = (herr_t(*)(hid_t, object_info *))dlsym(handle, "H5Oget_info");
    is_complete = is_complete && library.link_info != NULL
        && (library.object_info_fields != NULL || library.object_info != NULL);
}

const hdf5_library *fovea_hdf5_open_library(int *is_old) {
    pthread_once(&once, open_library);
    *is_old = library.name != NULL && !is_complete;
    return is_complete ? &library : NULL;
}

const char *fovea_hdf5_library(void) {
    int is_old;
    const hdf5_library *found = fovea_hdf5_open_library(&is_old);
    return found == NULL ? NULL : found->name;
}
