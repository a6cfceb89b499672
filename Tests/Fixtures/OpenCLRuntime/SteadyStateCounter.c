// Counts what a process asks of OpenCL and of the allocator; for LD_PRELOAD. Prints one line at exit.
//
//   OpenCL objects made, kernel arguments set, launches enqueued; allocations by fovea itself, told from those of the
//   driver by the module that the caller's address lies in.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef atomic_long counter;
static counter objects, arguments, launches, allocations;

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

#define COUNTED(name, which)                                                                             \
    void *name(void *a, void *b, void *c, void *d, void *e, void *f, void *g, void *h, void *i) {         \
        static void *(*real)(void *, void *, void *, void *, void *, void *, void *, void *, void *);     \
        if (!real) real = next(#name);                                                                    \
        atomic_fetch_add(&which, 1);                                                                      \
        return real(a, b, c, d, e, f, g, h, i);                                                           \
    }
COUNTED(clCreateBuffer, objects)
COUNTED(clCreateKernel, objects)
COUNTED(clCreateProgramWithSource, objects)
COUNTED(clCreateProgramWithBinary, objects)
COUNTED(clCreateCommandQueue, objects)
COUNTED(clCreateContext, objects)
COUNTED(clSetKernelArg, arguments)
COUNTED(clEnqueueNDRangeKernel, launches)

// fovea is linked to lie at one stretch of addresses; so is each library of Swift.
static int isOwn(void *caller) {
    Dl_info info;
    if (!dladdr(caller, &info) || !info.dli_fname) return 0;
    const char *name = strrchr(info.dli_fname, '/');
    name = name ? name + 1 : info.dli_fname;
    return strncmp(name, "fovea", 5) == 0 || strncmp(name, "libswift", 8) == 0 || strncmp(name, "libFoundation", 13) == 0;
}

void *malloc(size_t size) {
    static void *(*real)(size_t);
    static _Thread_local int isInside;
    if (!real) real = next("malloc");
    if (!isInside) {
        isInside = 1;
        if (isOwn(__builtin_return_address(0))) atomic_fetch_add(&allocations, 1);
        isInside = 0;
    }
    return real(size);
}

__attribute__((destructor)) static void report(void) {
    fprintf(stderr, "steady-state: objects %ld arguments %ld launches %ld allocations %ld\n", atomic_load(&objects),
            atomic_load(&arguments), atomic_load(&launches), atomic_load(&allocations));
}
