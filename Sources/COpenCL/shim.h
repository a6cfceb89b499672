// OpenCL 1.2 is the baseline; newer entry points are asked for by name at run time.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/opencl.h>
