#ifndef FOVEA_KERNELS_H
#define FOVEA_KERNELS_H
/// The text of Kernels/<name>.cl, or NULL where there is no such file. Its #include lines name further entries.
const char *fovea_kernel_source(const char *name);
/// The name of a file, by its number from 0; NULL past the last.
const char *fovea_kernel_name(unsigned index);
#endif
