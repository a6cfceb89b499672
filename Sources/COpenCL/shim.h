// OpenCL 1.2 is the baseline; newer entry points are asked for by name at run time.
#define CL_TARGET_OPENCL_VERSION 120
// clGetExtensionFunctionAddress: the loader itself, which no platform knows, has no other door.
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#include <CL/opencl.h>
