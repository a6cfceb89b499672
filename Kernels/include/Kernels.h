#ifndef FOVEA_KERNELS_H
#define FOVEA_KERNELS_H
/// The text of Kernels/<name>.cl with its includes written out, or NULL where there is no such file.
const char *fovea_kernel_source(const char *name);
#endif
