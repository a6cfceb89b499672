// FaultLayer — lets any OpenCL call fail on demand, and counts the objects and mappings that are alive.
//
// A layer for ocl-icd: OPENCL_LAYERS=FaultLayer.so. `fault_layer_set("clCreateBuffer", 2, -4)` makes the second call of
// clCreateBuffer from now on answer -4 without reaching the driver. The test that uses it compiles it. For a program
// that is a child of the test, FOVEA_FAULT="clCreateBuffer 2 -4" says the same before it starts.
//
// After `fault_layer_set_losing(1)` a command that fails takes its context with it: every further command of a queue of that
// context answers CL_INVALID_COMMAND_QUEUE, until the context is released.
//
// FOVEA_BAD_SOURCE="text" makes a driver that fails on programs with that text in them, in the way that FOVEA_BAD_END
// says: abort, hang, or corrupt, which spoils what is read back while such a program was the last one made.
//
// Layer interface: Khronos, cl_loader_layers extension, CL/cl_layer.h.

#define _GNU_SOURCE
#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_layer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct _cl_icd_dispatch *driver;
static struct _cl_icd_dispatch layer;

static char fault_name[64];
static int fault_countdown;
static cl_int fault_status;
static int fault_hits;
static int live_objects;
static const char *bad_source, *bad_end;
static int corrupts;

void fault_layer_set(const char *name, int call, cl_int status) {
    strncpy(fault_name, name, sizeof fault_name - 1);
    fault_countdown = call;
    fault_status = status;
    fault_hits = 0;
}

static int loses;
static cl_context lost;

void fault_layer_set_losing(int on) { loses = on; }

int fault_layer_hits(void) { return fault_hits; }
int fault_layer_live_objects(void) { return live_objects; }

static cl_int fault(const char *name) {
    if (strcmp(name, fault_name) != 0 || --fault_countdown != 0) return CL_SUCCESS;
    fault_hits++;
    return fault_status;
}

// The same for a command on a queue.
static cl_int command_fault(cl_command_queue q, const char *name) {
    cl_context context = NULL;
    if (loses) driver->clGetCommandQueueInfo(q, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
    if (context && context == lost) return CL_INVALID_COMMAND_QUEUE;
    const cl_int status = fault(name);
    if (status) lost = context;
    return status;
}

// A call that answers with its status.
#define STATUS(name, parameters, arguments)                          \
    static CL_API_ENTRY cl_int CL_API_CALL faulty_##name parameters { \
        const cl_int status = fault(#name);                          \
        return status ? status : driver->name arguments;             \
    }
// A command that may give an event.
#define COMMAND(name, parameters, arguments)                         \
    static CL_API_ENTRY cl_int CL_API_CALL faulty_##name parameters { \
        cl_int status = command_fault(q, #name);                     \
        if (!status) status = driver->name arguments;                \
        live_objects += !status && event;                            \
        return status;                                               \
    }
// A call that answers with a new object, and puts its status in the last argument.
#define CREATE(type, name, parameters, arguments)                    \
    static CL_API_ENTRY type CL_API_CALL faulty_##name parameters {   \
        const cl_int status = fault(#name);                          \
        if (status) {                                                \
            if (error) *error = status;                              \
            return NULL;                                             \
        }                                                            \
        type object = driver->name arguments;                        \
        live_objects += object != NULL;                              \
        return object;                                               \
    }
// A call that gives one reference back. Whatever is created here is retained by nobody else.
#define RELEASE(type, name)                                                    \
    static CL_API_ENTRY cl_int CL_API_CALL faulty_##name(type object) {         \
        live_objects--;                                                        \
        return driver->name(object);                                           \
    }

STATUS(clGetPlatformIDs, (cl_uint n, cl_platform_id *p, cl_uint *count), (n, p, count))
STATUS(clGetPlatformInfo, (cl_platform_id p, cl_platform_info i, size_t n, void *v, size_t *r), (p, i, n, v, r))
STATUS(clGetDeviceIDs, (cl_platform_id p, cl_device_type t, cl_uint n, cl_device_id *d, cl_uint *c), (p, t, n, d, c))
STATUS(clGetDeviceInfo, (cl_device_id d, cl_device_info i, size_t n, void *v, size_t *r), (d, i, n, v, r))
CREATE(cl_context, clCreateContext,
       (const cl_context_properties *p, cl_uint n, const cl_device_id *d,
        void(CL_CALLBACK *f)(const char *, const void *, size_t, void *), void *u, cl_int *error),
       (p, n, d, f, u, error))
CREATE(cl_command_queue, clCreateCommandQueue,
       (cl_context c, cl_device_id d, cl_command_queue_properties p, cl_int *error), (c, d, p, error))
CREATE(cl_mem, clCreateBuffer, (cl_context c, cl_mem_flags f, size_t n, void *h, cl_int *error), (c, f, n, h, error))
STATUS(clSetMemObjectDestructorCallback, (cl_mem m, void(CL_CALLBACK *f)(cl_mem, void *), void *u), (m, f, u))
static void fail_on_bad_source(cl_uint count, const char **sources, const size_t *lengths) {
    corrupts = 0;
    for (cl_uint i = 0; i < count && bad_source && bad_end; ++i) {
        const size_t length = lengths && lengths[i] ? lengths[i] : strlen(sources[i]);
        if (!memmem(sources[i], length, bad_source, strlen(bad_source))) continue;
        if (strcmp(bad_end, "abort") == 0) abort();
        while (strcmp(bad_end, "hang") == 0) pause();
        corrupts = 1;
    }
}

static CL_API_ENTRY cl_program CL_API_CALL faulty_clCreateProgramWithSource(cl_context c, cl_uint n, const char **s,
                                                                           const size_t *l, cl_int *error) {
    fail_on_bad_source(n, s, l);
    const cl_int status = fault("clCreateProgramWithSource");
    if (status) {
        if (error) *error = status;
        return NULL;
    }
    cl_program program = driver->clCreateProgramWithSource(c, n, s, l, error);
    live_objects += program != NULL;
    return program;
}

CREATE(cl_program, clCreateProgramWithBinary,
       (cl_context c, cl_uint n, const cl_device_id *d, const size_t *l, const unsigned char **b, cl_int *s,
        cl_int *error),
       (c, n, d, l, b, s, error))
STATUS(clBuildProgram,
       (cl_program p, cl_uint n, const cl_device_id *d, const char *o, void(CL_CALLBACK *f)(cl_program, void *),
        void *u),
       (p, n, d, o, f, u))
STATUS(clGetProgramInfo, (cl_program p, cl_program_info i, size_t n, void *v, size_t *r), (p, i, n, v, r))
CREATE(cl_kernel, clCreateKernel, (cl_program p, const char *n, cl_int *error), (p, n, error))
STATUS(clGetKernelWorkGroupInfo,
       (cl_kernel k, cl_device_id d, cl_kernel_work_group_info i, size_t n, void *v, size_t *r), (k, d, i, n, v, r))
STATUS(clSetKernelArg, (cl_kernel k, cl_uint i, size_t n, const void *v), (k, i, n, v))
COMMAND(clEnqueueWriteBuffer,
        (cl_command_queue q, cl_mem m, cl_bool b, size_t o, size_t n, const void *p, cl_uint c, const cl_event *w,
         cl_event *event),
        (q, m, b, o, n, p, c, w, event))
COMMAND(clEnqueueCopyBuffer,
        (cl_command_queue q, cl_mem from, cl_mem to, size_t i, size_t o, size_t n, cl_uint c, const cl_event *w,
         cl_event *event),
        (q, from, to, i, o, n, c, w, event))
static CL_API_ENTRY cl_int CL_API_CALL faulty_clEnqueueReadBuffer(cl_command_queue q, cl_mem m, cl_bool b, size_t o,
                                                                 size_t n, void *p, cl_uint c, const cl_event *w,
                                                                 cl_event *event) {
    cl_int status = command_fault(q, "clEnqueueReadBuffer");
    if (!status) status = driver->clEnqueueReadBuffer(q, m, b || corrupts, o, n, p, c, w, event);
    if (!status && corrupts && n >= sizeof(float)) *(float *)p += 1;
    live_objects += !status && event;
    return status;
}
COMMAND(clEnqueueFillBuffer,
        (cl_command_queue q, cl_mem m, const void *p, size_t s, size_t o, size_t n, cl_uint c, const cl_event *w,
         cl_event *event),
        (q, m, p, s, o, n, c, w, event))
COMMAND(clEnqueueNDRangeKernel,
        (cl_command_queue q, cl_kernel k, cl_uint d, const size_t *o, const size_t *g, const size_t *l, cl_uint n,
         const cl_event *w, cl_event *event),
        (q, k, d, o, g, l, n, w, event))
CREATE(void *, clEnqueueMapBuffer,
       (cl_command_queue q, cl_mem m, cl_bool b, cl_map_flags f, size_t o, size_t n, cl_uint c, const cl_event *w,
        cl_event *e, cl_int *error),
       (q, m, b, f, o, n, c, w, e, error))
// An attempt is all that a mapping needs: its memory is released after it.
static CL_API_ENTRY cl_int CL_API_CALL faulty_clEnqueueUnmapMemObject(cl_command_queue q, cl_mem m, void *p, cl_uint c,
                                                                     const cl_event *w, cl_event *event) {
    live_objects--;
    const cl_int status = fault("clEnqueueUnmapMemObject");
    return status ? status : driver->clEnqueueUnmapMemObject(q, m, p, c, w, event);
}
STATUS(clFlush, (cl_command_queue q), (q))
static CL_API_ENTRY cl_int CL_API_CALL faulty_clFinish(cl_command_queue q) {
    const cl_int status = command_fault(q, "clFinish");
    return status ? status : driver->clFinish(q);
}
STATUS(clWaitForEvents, (cl_uint n, const cl_event *e), (n, e))
STATUS(clGetEventInfo, (cl_event e, cl_event_info i, size_t n, void *v, size_t *r), (e, i, n, v, r))
STATUS(clGetEventProfilingInfo, (cl_event e, cl_profiling_info i, size_t n, void *v, size_t *r), (e, i, n, v, r))
static CL_API_ENTRY cl_int CL_API_CALL faulty_clReleaseContext(cl_context context) {
    live_objects--;
    if (context == lost) lost = NULL;  // Another one may have its address.
    return driver->clReleaseContext(context);
}
RELEASE(cl_command_queue, clReleaseCommandQueue)
RELEASE(cl_mem, clReleaseMemObject)
RELEASE(cl_program, clReleaseProgram)
RELEASE(cl_kernel, clReleaseKernel)
RELEASE(cl_event, clReleaseEvent)

CL_API_ENTRY cl_int CL_API_CALL clGetLayerInfo(cl_layer_info name, size_t size, void *value, size_t *needed) {
    if (name != CL_LAYER_API_VERSION) return CL_INVALID_VALUE;
    if (value && size >= sizeof(cl_layer_api_version)) *(cl_layer_api_version *)value = CL_LAYER_API_VERSION_100;
    if (needed) *needed = sizeof(cl_layer_api_version);
    return CL_SUCCESS;
}

CL_API_ENTRY cl_int CL_API_CALL clInitLayer(cl_uint count, const struct _cl_icd_dispatch *target, cl_uint *layer_count,
                                            const struct _cl_icd_dispatch **layer_dispatch) {
    const char *wanted = getenv("FOVEA_FAULT");
    if (wanted) sscanf(wanted, "%63s %d %d", fault_name, &fault_countdown, &fault_status);
    bad_source = getenv("FOVEA_BAD_SOURCE");
    bad_end = getenv("FOVEA_BAD_END");
    driver = target;
    memset(&layer, 0, sizeof layer);  // An absent entry goes to the driver.
#define INSTALL(name) layer.name = faulty_##name;
    INSTALL(clGetPlatformIDs)
    INSTALL(clGetPlatformInfo)
    INSTALL(clGetDeviceIDs)
    INSTALL(clGetDeviceInfo)
    INSTALL(clCreateContext)
    INSTALL(clCreateCommandQueue)
    INSTALL(clCreateBuffer)
    INSTALL(clSetMemObjectDestructorCallback)
    INSTALL(clCreateProgramWithSource)
    INSTALL(clCreateProgramWithBinary)
    INSTALL(clBuildProgram)
    INSTALL(clGetProgramInfo)
    INSTALL(clCreateKernel)
    INSTALL(clGetKernelWorkGroupInfo)
    INSTALL(clSetKernelArg)
    INSTALL(clEnqueueWriteBuffer)
    INSTALL(clEnqueueReadBuffer)
    INSTALL(clEnqueueCopyBuffer)
    INSTALL(clEnqueueMapBuffer)
    INSTALL(clEnqueueUnmapMemObject)
    INSTALL(clFlush)
    INSTALL(clEnqueueFillBuffer)
    INSTALL(clEnqueueNDRangeKernel)
    INSTALL(clFinish)
    INSTALL(clWaitForEvents)
    INSTALL(clGetEventInfo)
    INSTALL(clGetEventProfilingInfo)
    INSTALL(clReleaseContext)
    INSTALL(clReleaseCommandQueue)
    INSTALL(clReleaseMemObject)
    INSTALL(clReleaseProgram)
    INSTALL(clReleaseKernel)
    INSTALL(clReleaseEvent)
    *layer_dispatch = &layer;
    *layer_count = sizeof layer / sizeof(void *);
    return CL_SUCCESS;
}
