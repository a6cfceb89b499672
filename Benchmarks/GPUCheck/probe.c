// What a GPU's OpenCL driver can do beyond what it advertises: answers one question in a process of its own, so that a
// driver that dies or hangs over one still answers the others.
//
//   probe DEVICE QUESTION     DEVICE: gpu, auto, opencl:N or part of a name; a line an answer, "what<tab>answer"
//   probe questions           their names, the safest first
//   probe kernel NAME         the source of a kernel with inline PTX: pointers, f16, bf16, 128, 256 …
//   probe splice <k.ptx       … and the PTX of the last two with the instructions in the place of the marker: to try the
//                             kernels with a compiler and an assembler, where no device is
//
// "no" is an answer as good as any. The status is 0 where there was one, 5 without the device, 7 where OpenCL failed.
#define CL_TARGET_OPENCL_VERSION 120
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#include <CL/cl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { no_device = 5, device_failed = 7 };

static cl_device_id device;
static cl_context context;
static cl_command_queue queue;

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

// Flushed at once: what was answered before a crash stays answered.
static void answer(const char *what, const char *format, ...) {
    va_list values;
    va_start(values, format);
    printf("%s\t", what);
    vprintf(format, values);
    printf("\n");
    fflush(stdout);
    va_end(values);
}

static void check(cl_int status, const char *call) {
    if (status == CL_SUCCESS) return;
    fprintf(stderr, "probe: error: %s failed with %d\n", call, status);
    exit(device_failed);
}

// MARK: The device

static int is_wanted(const char *wanted, int number, cl_device_type type, const char *name) {
    if (strcmp(wanted, "auto") == 0) return 1;
    if (strcmp(wanted, "gpu") == 0) return (type & CL_DEVICE_TYPE_GPU) != 0;
    if (strncmp(wanted, "opencl:", 7) == 0) return atoi(wanted + 7) == number;
    return strstr(name, wanted) != NULL;
}

static void open_device(const char *wanted) {
    cl_platform_id platforms[16];
    cl_uint platform_count = 0;
    int number = 0;
    if (clGetPlatformIDs(16, platforms, &platform_count) != CL_SUCCESS) platform_count = 0;
    for (cl_uint i = 0; i < platform_count && i < 16; i++) {
        cl_device_id devices[16];
        cl_uint count = 0;
        if (clGetDeviceIDs(platforms[i], CL_DEVICE_TYPE_ALL, 16, devices, &count) != CL_SUCCESS) continue;
        for (cl_uint k = 0; k < count && k < 16; k++, number++) {
            cl_device_type type = 0;
            char name[256] = "";
            clGetDeviceInfo(devices[k], CL_DEVICE_TYPE, sizeof type, &type, NULL);
            clGetDeviceInfo(devices[k], CL_DEVICE_NAME, sizeof name, name, NULL);
            if (device == NULL && is_wanted(wanted, number, type, name)) device = devices[k];
        }
    }
    if (device == NULL) {
        fprintf(stderr, "probe: error: no device %s among the %d OpenCL devices of %u platforms\n", wanted, number, platform_count);
        exit(no_device);
    }
    cl_int status;
    context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
    check(status, "clCreateContext");
    queue = clCreateCommandQueue(context, device, CL_QUEUE_PROFILING_ENABLE, &status);
    check(status, "clCreateCommandQueue");
}

static unsigned long long number_of(cl_device_info parameter) {
    unsigned char bytes[8] = {0};
    size_t size = 0;
    if (clGetDeviceInfo(device, parameter, sizeof bytes, bytes, &size) != CL_SUCCESS) return 0;
    return size == 4 ? *(cl_uint *)bytes : *(cl_ulong *)bytes;
}

// Compute capability, as 90 for 9.0; 0 where the driver has no such notion.
static int capability(void) { return 10 * number_of(0x4000) + number_of(0x4001); }

// MARK: Programs

// Why the last program did not build, on one line.
static char reason[400];

static cl_program built(cl_program program) {
    cl_int status = clBuildProgram(program, 1, &device, "", NULL, NULL);
    if (status == CL_SUCCESS) return program;
    static char log[100000];
    memset(log, 0, sizeof log);
    clGetProgramBuildInfo(program, device, CL_PROGRAM_BUILD_LOG, sizeof log - 1, log, NULL);
    for (char *c = log; *c; c++)
        if (*c == '\n' || *c == '\t' || *c == '|') *c = ' ';
    snprintf(reason, sizeof reason, "%d %.200s", status, log);
    return NULL;
}

static cl_program from_source(const char *source) {
    cl_int status;
    cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
    check(status, "clCreateProgramWithSource");
    return built(program);
}

static cl_program from_binary(const char *text) {
    cl_int status, binary_status;
    size_t length = strlen(text);
    const unsigned char *bytes = (const unsigned char *)text;
    cl_program program = clCreateProgramWithBinary(context, 1, &device, &length, &bytes, &binary_status, &status);
    if (status != CL_SUCCESS) {
        snprintf(reason, sizeof reason, "%d from clCreateProgramWithBinary", status);
        return NULL;
    }
    return built(program);
}

// The binary as text: PTX where the driver keeps PTX.
static char *binary_of(cl_program program) {
    size_t size = 0;
    check(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof size, &size, NULL), "clGetProgramInfo");
    char *bytes = calloc(size + 1, 1);
    check(clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof bytes, &bytes, NULL), "clGetProgramInfo");
    return bytes;
}

static cl_mem buffer(size_t size, const void *contents) {
    cl_int status;
    cl_mem_flags flags = CL_MEM_READ_WRITE | (contents ? CL_MEM_COPY_HOST_PTR : 0);
    cl_mem memory = clCreateBuffer(context, flags, size, (void *)contents, &status);
    check(status, "clCreateBuffer");
    return memory;
}

static cl_kernel kernel_of(cl_program program, cl_mem output) {
    cl_int status;
    cl_kernel kernel = clCreateKernel(program, "k", &status);
    check(status, "clCreateKernel");
    check(clSetKernelArg(kernel, 0, sizeof output, &output), "clSetKernelArg");
    return kernel;
}

// Seconds of a launch by the device's own clock, or -1 with its reason.
static double seconds(cl_kernel kernel, size_t items, size_t group) {
    cl_event event;
    cl_ulong start, end;
    cl_int status = clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &items, &group, 0, NULL, &event);
    if (status == CL_SUCCESS) status = clWaitForEvents(1, &event);
    if (status != CL_SUCCESS) {
        snprintf(reason, sizeof reason, "%d from the launch", status);
        return -1;
    }
    clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL);
    clGetEventProfilingInfo(event, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL);
    clReleaseEvent(event);
    return 1e-9 * (end - start);
}

static int read_back(cl_mem memory, void *values, size_t size) {
    cl_int status = clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, size, values, 0, NULL, NULL);
    if (status != CL_SUCCESS) snprintf(reason, sizeof reason, "%d from reading the result", status);
    return status == CL_SUCCESS;
}

static const char *item_numbers =
    "__kernel __attribute__((reqd_work_group_size(128, 1, 1))) void k(__global float *o) {\n"
    "  o[get_global_id(0)] = get_local_id(0) + 1000 * get_group_id(0);\n"
    "}\n";

// Whether a program's kernel k writes what item_numbers does.
static const char *runs(cl_program program) {
    float values[256];
    if (program == NULL) return reason;
    cl_mem memory = buffer(sizeof values, NULL);
    if (seconds(kernel_of(program, memory), 256, 128) < 0 || !read_back(memory, values, sizeof values)) return reason;
    for (int i = 0; i < 256; i++)
        if (values[i] != i % 128 + 1000 * (i / 128)) return "builds, and computes wrongly";
    return "yes, and computes rightly";
}

// MARK: Questions

static void ask_device(void) {
    static const struct { const char *what; cl_device_info parameter; int is_text; } asked[] = {
        {"device", CL_DEVICE_NAME, 1}, {"driver", CL_DRIVER_VERSION, 1}, {"version", CL_DEVICE_VERSION, 1},
        {"OpenCL C", CL_DEVICE_OPENCL_C_VERSION, 1}, {"extensions", CL_DEVICE_EXTENSIONS, 1},
        {"compute units", CL_DEVICE_MAX_COMPUTE_UNITS, 0}, {"MHz", CL_DEVICE_MAX_CLOCK_FREQUENCY, 0},
        {"memory, bytes", CL_DEVICE_GLOBAL_MEM_SIZE, 0}, {"cache, bytes", CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, 0},
        {"largest buffer, bytes", CL_DEVICE_MAX_MEM_ALLOC_SIZE, 0}, {"local memory, bytes", CL_DEVICE_LOCAL_MEM_SIZE, 0},
        {"largest group", CL_DEVICE_MAX_WORK_GROUP_SIZE, 0}, {"arguments, bytes", CL_DEVICE_MAX_PARAMETER_SIZE, 0},
        {"registers of a group", 0x4002, 0}, {"warp", 0x4003, 0},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        static char text[16384];
        text[0] = 0;
        if (!asked[i].is_text) answer(asked[i].what, "%llu", number_of(asked[i].parameter));
        else if (clGetDeviceInfo(device, asked[i].parameter, sizeof text, text, NULL) == CL_SUCCESS)
            answer(asked[i].what, "%s", text);
    }
    answer("compute capability", "%d.%d", capability() / 10, capability() % 10);
    cl_program half = from_source("__kernel void k(__global half *o) { half h = o[0]; o[1] = h * h + h; }\n");
    answer("half arithmetic without its extension", "%s", half ? "builds" : reason);
}

static void tell_line(const char *what, const char *text, const char *directive) {
    const char *found = strstr(text, directive);
    if (found == NULL) answer(what, "no %s", directive);
    else answer(what, "%.*s", (int)strcspn(found, "\n"), found);
}

// The text with "a" behind the number of its target, which opens the instructions of that architecture alone.
static char *retargeted(const char *text) {
    const char *target = strstr(text, ".target sm_");
    if (target == NULL) return NULL;
    size_t head = target - text + strlen(".target sm_");
    head += strspn(text + head, "0123456789");
    char *result = malloc(strlen(text) + 2);
    sprintf(result, "%.*sa%s", (int)head, text, text[head] == 'a' ? text + head + 1 : text + head);
    return result;
}

static void ask_ptx(void) {
    double start = now();
    cl_program program = from_source(item_numbers);
    answer("first build, seconds", "%.3f", now() - start);
    answer("a kernel runs", "%s", runs(program));
    if (program == NULL) return;
    char *text = binary_of(program);
    if (strstr(text, ".target") == NULL) {
        answer("binary", "not PTX");
        return;
    }
    tell_line("PTX version", text, ".version");
    tell_line("PTX target", text, ".target");
    tell_line("reqd_work_group_size gives", text, ".reqntid");
    answer("its own PTX is taken back", "%s", runs(from_binary(text)));
    char *target = retargeted(text);
    answer("retargeted, with an a behind its number", "%s", target ? runs(from_binary(target)) : "no .target sm_");
    const char *marked = "__kernel void k(__global float *o) { float x = o[0]; asm volatile(\"// KEPT %0\" : \"+f\"(x)); o[1] = x; }\n";
    cl_program commented = from_source(marked);
    answer("comments of inline PTX", "%s", commented == NULL ? reason : strstr(binary_of(commented), "// KEPT %") ? "kept" : "lost");
}

// item_numbers, as clang 15 writes it for nvptx64-nvidia-nvcl.
static const char *foreign =
    ".version 7.5\n.target sm_70, texmode_independent\n.address_size 64\n\n"
    ".visible .entry k(\n\t.param .u64 .ptr .global .align 4 k_param_0\n)\n{\n"
    "\t.reg .b32 %r<8>;\n\t.reg .f32 %f<2>;\n\t.reg .b64 %rd<4>;\n\n"
    "\tld.param.u64 %rd1, [k_param_0];\n\tmov.u32 %r1, %tid.x;\n\tmov.u32 %r2, %ctaid.x;\n\tmov.u32 %r3, %ntid.x;\n"
    "\tmad.lo.s32 %r4, %r2, %r3, %r1;\n\tmad.lo.s32 %r5, %r2, 1000, %r1;\n\tcvt.rn.f32.u32 %f1, %r5;\n"
    "\tmul.wide.u32 %rd2, %r4, 4;\n\tadd.s64 %rd3, %rd1, %rd2;\n\tst.global.f32 [%rd3], %f1;\n\tret;\n}\n";

static void ask_foreign(void) { answer("PTX of another compiler is taken", "%s", runs(from_binary(foreign))); }

// A group of 128 writes all of its local memory and reads it in another order.
static int holds_local(int kilobytes, int is_argument) {
    char source[800];
    int chunks = 64 * kilobytes;
    sprintf(source,
            "__kernel __attribute__((reqd_work_group_size(128, 1, 1))) void k(__global float *o%s) {\n%s"
            "  int item = get_local_id(0);\n"
            "  for (int i = item; i < %d; i += 128) s[i] = (uint4)(i);\n"
            "  barrier(CLK_LOCAL_MEM_FENCE);\n"
            "  o[item] = (float)s[(item * 977 + %d) %% %d].x;\n}\n",
            is_argument ? ", __local uint4 *s" : "", is_argument ? "" : "  __local uint4 s[SIZE];\n", chunks, chunks - 1, chunks);
    char sized[900];
    sprintf(sized, "#define SIZE %d\n%s", chunks, source);
    cl_program program = from_source(sized);
    if (program == NULL) return 0;
    float values[128];
    cl_mem memory = buffer(sizeof values, NULL);
    cl_kernel kernel = kernel_of(program, memory);
    if (is_argument && clSetKernelArg(kernel, 1, 1024 * (size_t)kilobytes, NULL) != CL_SUCCESS) return 0;
    if (seconds(kernel, 128, 128) < 0 || !read_back(memory, values, sizeof values)) return 0;
    for (int i = 0; i < 128; i++)
        if (values[i] != (i * 977 + chunks - 1) % chunks) return 0;
    return 1;
}

static void ask_memory(void) {
    static const int sizes[] = {32, 48, 64, 96, 100, 128, 160, 164, 192, 224, 227};
    for (int is_argument = 0; is_argument < 2; is_argument++) {
        int largest = 0;
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes && holds_local(sizes[i], is_argument); i++) largest = sizes[i];
        answer(is_argument ? "local memory as argument, KiB" : "local memory as array, KiB", "%d of %d tried", largest, 227);
    }
}

static void ask_launch(void) {
    cl_program program = from_source(item_numbers);
    if (program == NULL) {
        answer("launches", "%s", reason);
        return;
    }
    enum { launches = 2000 };
    size_t items = 256, group = 128;
    cl_kernel kernel = kernel_of(program, buffer(1024, NULL));
    cl_int status;
    cl_command_queue plain = clCreateCommandQueue(context, device, 0, &status);
    check(status, "clCreateCommandQueue");
    double enqueued = 0, done = 0, single = 1;
    for (int round = 0; round < 3; round++) {
        double start = now();
        for (int i = 0; i < launches; i++)
            check(clEnqueueNDRangeKernel(plain, kernel, 1, NULL, &items, &group, 0, NULL, NULL), "clEnqueueNDRangeKernel");
        enqueued = now() - start;
        check(clFinish(plain), "clFinish");
        done = now() - start;
    }
    for (int i = 0; i < 200; i++) {
        double start = now();
        check(clEnqueueNDRangeKernel(plain, kernel, 1, NULL, &items, &group, 0, NULL, NULL), "clEnqueueNDRangeKernel");
        check(clFinish(plain), "clFinish");
        if (now() - start < single) single = now() - start;
    }
    answer("to enqueue a kernel, µs", "%.2f", 1e6 * enqueued / launches);
    answer("a kernel in a row of them, µs", "%.2f", 1e6 * done / launches);
    answer("a kernel and clFinish, µs", "%.2f at best", 1e6 * single);
}

static void tell_copies(const char *what, cl_mem memory, void *host, size_t size) {
    double best[2] = {1e9, 1e9};
    for (int round = 0; round < 6; round++) {
        double start = now();
        check(clEnqueueWriteBuffer(queue, memory, CL_TRUE, 0, size, host, 0, NULL, NULL), "clEnqueueWriteBuffer");
        double middle = now();
        check(clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, size, host, 0, NULL, NULL), "clEnqueueReadBuffer");
        double end = now();
        if (middle - start < best[0]) best[0] = middle - start;
        if (end - middle < best[1]) best[1] = end - middle;
    }
    answer(what, "%.1f to the device, %.1f back", 1e-9 * size / best[0], 1e-9 * size / best[1]);
}

static void ask_copies(void) {
    size_t size = 64 << 20;
    cl_int status;
    cl_mem memory = buffer(size, NULL);
    char *pageable = malloc(size);
    memset(pageable, 1, size);
    tell_copies("copies of pageable memory, GB/s", memory, pageable, size);
    cl_mem staging = clCreateBuffer(context, CL_MEM_READ_WRITE | CL_MEM_ALLOC_HOST_PTR, size, NULL, &status);
    check(status, "clCreateBuffer");
    cl_map_flags flags = CL_MAP_READ | CL_MAP_WRITE;
    void *mapped = clEnqueueMapBuffer(queue, staging, CL_TRUE, flags, 0, size, 0, NULL, NULL, &status);
    check(status, "clEnqueueMapBuffer");
    tell_copies("copies of ALLOC_HOST_PTR memory, GB/s", memory, mapped, size);
}

// MARK: Matrix instructions by inline PTX

// A row of eight operands travels by cp.async, then by ldmatrix; both take pointers to local memory as they are.
static const char *pointer_source =
    "__kernel __attribute__((reqd_work_group_size(32, 1, 1))) void k(__global uint *o, __global const uint4 *i) {\n"
    "  __local uint4 s[8];\n  uint lane = get_local_id(0), r;\n"
    "  asm volatile(\"cp.async.cg.shared.global [%0], [%1], 16;\" :: \"l\"(s + lane % 8), \"l\"(i + lane % 8) : \"memory\");\n"
    "  asm volatile(\"cp.async.commit_group;\\n\\tcp.async.wait_group 0;\" ::: \"memory\");\n"
    "  barrier(CLK_LOCAL_MEM_FENCE);\n"
    "  asm volatile(\"ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];\" : \"=r\"(r) : \"l\"(s + lane % 8) : \"memory\");\n"
    "  o[lane] = r;\n}\n";

static void ask_pointers(void) {
    cl_program program = from_source(pointer_source);
    const char *what = "cp.async and ldmatrix with local pointers";
    if (program == NULL) {
        answer(what, "%s", reason);
        return;
    }
    cl_ushort rows[64];
    for (int i = 0; i < 64; i++) rows[i] = i;
    cl_uint found[32];
    cl_mem output = buffer(sizeof found, NULL), input = buffer(sizeof rows, rows);
    cl_kernel kernel = kernel_of(program, output);
    clSetKernelArg(kernel, 1, sizeof input, &input);
    if (seconds(kernel, 32, 32) < 0 || !read_back(output, found, sizeof found)) {
        answer(what, "%s", reason);
        return;
    }
    int wrong = 0;
    for (cl_uint i = 0; i < 32; i++) wrong += found[i] != (2 * i | (2 * i + 1) << 16);
    answer(what, wrong ? "%d of 32 lanes wrong" : "yes, and compute rightly", wrong);
}

// Eight sums of products of ones in turn, so that none waits for another.
static char *mma_source(const char *type) {
    static char source[1200];
    sprintf(source,
            "__kernel __attribute__((reqd_work_group_size(256, 1, 1))) void k(__global float *o, int times) {\n"
            "  float4 c[8];\n  uint a = %uu;\n"
            "  #pragma unroll\n  for (int i = 0; i < 8; i++) c[i] = 0;\n"
            "  for (int t = 0; t < times; t++) {\n    #pragma unroll\n    for (int i = 0; i < 8; i++)\n"
            "      asm volatile(\"mma.sync.aligned.m16n8k16.row.col.f32.%s.%s.f32 {%%0,%%1,%%2,%%3}, {%%4,%%4,%%4,%%4}, {%%4,%%4}, "
            "{%%0,%%1,%%2,%%3};\" : \"+f\"(c[i].x), \"+f\"(c[i].y), \"+f\"(c[i].z), \"+f\"(c[i].w) : \"r\"(a));\n  }\n"
            "  float4 sum = 0;\n  #pragma unroll\n  for (int i = 0; i < 8; i++) sum += c[i];\n"
            "  o[get_global_id(0)] = sum.x + sum.y + sum.z + sum.w;\n}\n",
            strcmp(type, "f16") == 0 ? 0x3c003c00 : 0x3f803f80, type, type);
    return source;
}

static void ask_mma_of(const char *what, const char *type) {
    enum { times = 4000, group = 256 };
    cl_program program = from_source(mma_source(type));
    if (program == NULL) {
        answer(what, "%s", reason);
        return;
    }
    size_t groups = 4 * number_of(CL_DEVICE_MAX_COMPUTE_UNITS), items = groups * group;
    float *values = malloc(items * sizeof *values);
    cl_mem output = buffer(items * sizeof *values, NULL);
    cl_kernel kernel = kernel_of(program, output);
    cl_int repeats = times;
    clSetKernelArg(kernel, 1, sizeof repeats, &repeats);
    double best = 1e9;
    for (int round = 0; round < 5; round++) {
        double time = seconds(kernel, items, group);
        if (time < 0) {
            answer(what, "%s", reason);
            return;
        }
        if (time < best) best = time;
    }
    int wrong = !read_back(output, values, items * sizeof *values);
    for (size_t i = 0; i < items; i++) wrong += values[i] != 16.0f * times * 32;
    if (wrong) answer(what, "computes wrongly");
    else answer(what, "%.1f TFLOP/s, computes rightly", 1e-12 * 4096 * 8 * times * groups * (group / 32) / best);
}

static void ask_mma(void) {
    ask_pointers();
    ask_mma_of("mma.sync float16", "f16");
    ask_mma_of("mma.sync bfloat16", "bf16");
}

// MARK: Warp-group instructions
// C[64, columns] += A[64, 16] · B[16, columns] by 128 items; A and B lie in local memory in blocks of 8 rows by 16 bytes,
// k fastest. OpenCL C compiles for sm_90, which lacks the instruction: a comment stands for it and names the registers.

static const char *marker = "// WARP_GROUP_PRODUCT ";
enum { products = 4 };

static char *warp_group_source(int columns) {
    char *source = malloc(60000), *end = source;
    end += sprintf(end,
                   "__kernel __attribute__((reqd_work_group_size(128, 1, 1)))\n"
                   "void k(__global float *o, __global const uint4 *a, __global const uint4 *b, ulong layout, int times) {\n"
                   "  __local uint4 tile[128 + 2 * %d];\n  int item = get_local_id(0);\n"
                   "  for (int i = item; i < 128; i += 128) tile[i] = a[i];\n"
                   "  for (int i = item; i < 2 * %d; i += 128) tile[128 + i] = b[i];\n"
                   "  asm volatile(\"fence.proxy.async.shared::cta;\" ::: \"memory\");\n"
                   "  barrier(CLK_LOCAL_MEM_FENCE);\n"
                   "  ulong start = (ulong)(size_t)tile;\n"
                   "  ulong first = layout | (start & 0x3ffff) >> 4, second = layout | ((start + 2048) & 0x3ffff) >> 4;\n"
                   "  float c[%d];\n  #pragma unroll\n  for (int i = 0; i < %d; i++) c[i] = 0;\n"
                   "  for (int t = 0; t < times; t++)\n    asm volatile(\"%sn%d c={",
                   columns, columns, columns / 2, columns / 2, marker, columns);
    for (int i = 0; i < columns / 2; i++) end += sprintf(end, "%s%%%d", i ? "," : "", i);
    end += sprintf(end, "} a=%%%d b=%%%d\" : ", columns / 2, columns / 2 + 1);
    for (int i = 0; i < columns / 2; i++) end += sprintf(end, "%s\"+f\"(c[%d])", i ? ", " : "", i);
    sprintf(end,
            " : \"l\"(first), \"l\"(second) : \"memory\");\n"
            "  #pragma unroll\n  for (int i = 0; i < %d; i++) o[(get_global_id(0)) * %d + i] = c[i];\n}\n",
            columns / 2, columns / 2);
    return source;
}

// The PTX with the instructions in the place of every marker, or nothing where a marker cannot be read.
static char *spliced(const char *text) {
    char *target = retargeted(text);
    if (target == NULL || strstr(target, marker) == NULL) return NULL;
    char *result = malloc(2 * strlen(target) + 100000), *end = result;
    const char *rest = target;
    for (const char *found; (found = strstr(rest, marker)) != NULL;) {
        static char registers[8000];
        char a[40], b[40];
        int columns, length = strcspn(found, "\n");
        if (sscanf(found + strlen(marker), "n%d c={%7999[^}]} a=%39s b=%39s", &columns, registers, a, b) != 4) return NULL;
        end += sprintf(end, "%.*swgmma.fence.sync.aligned;\n", (int)(found - rest), rest);
        for (int i = 0; i < products; i++)
            end += sprintf(end, "\twgmma.mma_async.sync.aligned.m64n%dk16.f32.bf16.bf16 {%s}, %s, %s, 1, 1, 1, 0, 0;\n",
                           columns, registers, a, b);
        end += sprintf(end, "\twgmma.commit_group.sync.aligned;\n\twgmma.wait_group.sync.aligned 0;");
        rest = found + length;
    }
    strcpy(end, rest);
    return result;
}

static int small_number(int row, int k, int seed) { return (row * 7 + k * 3 + row * k + seed) % 5 - 2; }

static cl_ushort bfloat16(int value) {
    cl_float number = value;
    cl_uint bits;
    memcpy(&bits, &number, sizeof bits);
    return bits >> 16;
}

static void fill(cl_ushort *tile, int rows, int seed) {
    for (int row = 0; row < rows; row++)
        for (int k = 0; k < 16; k++)
            tile[((row / 8 * 2 + k / 8) * 8 + row % 8) * 8 + k % 8] = bfloat16(small_number(row, k, seed));
}

// The most that one element of the result is wrong; NaN counts as much.
static double warp_group_error(const float *values, int columns) {
    double worst = 0;
    for (int item = 0; item < 128; item++)
        for (int i = 0; i < columns / 2; i++) {
            int row = item / 32 * 16 + item % 32 / 4 + i % 4 / 2 * 8, column = i / 4 * 8 + item % 4 * 2 + i % 2, sum = 0;
            for (int k = 0; k < 16; k++) sum += small_number(row, k, 0) * small_number(column, k, 1);
            double error = values[item * columns / 2 + i] - products * sum;
            if (!(error <= worst && -error <= worst)) worst = error == error ? (error < 0 ? -error : error) : 1e30;
        }
    return worst;
}

static void ask_warp_group_of(int columns) {
    char what[60];
    sprintf(what, "wgmma m64n%dk16 bfloat16", columns);
    if (capability() != 90) {
        answer(what, "no: of compute capability 9.0 alone");
        return;
    }
    cl_program marked = from_source(warp_group_source(columns));
    if (marked == NULL) {
        answer(what, "no: the kernel with markers does not build: %s", reason);
        return;
    }
    char *text = spliced(binary_of(marked));
    if (text == NULL) {
        answer(what, "no: the marker is lost from the PTX, or unreadable");
        return;
    }
    cl_program program = from_binary(text);
    if (program == NULL) {
        answer(what, "no: the spliced PTX does not build: %s", reason);
        return;
    }
    static cl_ushort a[64 * 16], b[256 * 16];
    fill(a, 64, 0);
    fill(b, columns, 1);
    size_t groups = 2 * number_of(CL_DEVICE_MAX_COMPUTE_UNITS), size = groups * 128 * columns / 2 * sizeof(float);
    float *values = malloc(size);
    cl_mem output = buffer(size, NULL), first = buffer(sizeof a, a), second = buffer(sizeof b, b);
    cl_kernel kernel = kernel_of(program, output);
    clSetKernelArg(kernel, 1, sizeof first, &first);
    clSetKernelArg(kernel, 2, sizeof second, &second);
    // Bytes from a block to its neighbour along k and to the next 8 rows, in units of 16; the order is what is asked.
    cl_ulong layouts[] = {8ull << 16 | 16ull << 32, 16ull << 16 | 8ull << 32};
    for (int i = 0; i < 2; i++) {
        const char *order = i == 0 ? "k first" : "rows first";
        cl_int times = 1;
        clSetKernelArg(kernel, 3, sizeof layouts[i], &layouts[i]);
        clSetKernelArg(kernel, 4, sizeof times, &times);
        if (seconds(kernel, groups * 128, 128) < 0 || !read_back(output, values, size)) {
            answer(what, "builds; %s: %s", order, reason);
            return;
        }
        double worst = 0;
        for (size_t g = 0; g < groups; g++) {
            double error = warp_group_error(values + g * 64 * columns, columns);
            if (error > worst) worst = error;
        }
        if (worst != 0) {
            answer(what, "builds and runs; with offsets %s wrong by %g", order, worst);
            continue;
        }
        double best = 1e9;
        times = 20000;
        clSetKernelArg(kernel, 4, sizeof times, &times);
        for (int round = 0; round < 5; round++) {
            double time = seconds(kernel, groups * 128, 128);
            if (time < 0) {
                answer(what, "right once, then %s", reason);
                return;
            }
            if (time < best) best = time;
        }
        answer(what, "%.1f TFLOP/s, computes rightly in %zu groups; offsets %s",
               1e-12 * 2 * 64 * 16 * columns * products * times * groups / best, groups, order);
        return;
    }
}

static void ask_warp_groups(void) {
    ask_warp_group_of(128);
    ask_warp_group_of(256);
}

// MARK: The command

static const struct { const char *name; void (*ask)(void); } questions[] = {
    {"device", ask_device}, {"ptx", ask_ptx}, {"launches", ask_launch}, {"copies", ask_copies}, {"memory", ask_memory},
    {"mma", ask_mma}, {"wgmma", ask_warp_groups}, {"foreign-ptx", ask_foreign},
};
enum { question_count = sizeof questions / sizeof *questions };

int main(int count, char **arguments) {
    if (count == 2 && strcmp(arguments[1], "questions") == 0) {
        for (int i = 0; i < question_count; i++) puts(questions[i].name);
        return 0;
    }
    if (count == 2 && strcmp(arguments[1], "splice") == 0) {
        char *text = calloc(1 << 22, 1), *result;
        fread(text, 1, (1 << 22) - 1, stdin);
        if ((result = spliced(text)) == NULL) {
            fprintf(stderr, "standard input is no PTX with a marker\n");
            return 1;
        }
        fputs(result, stdout);
        return 0;
    }
    if (count == 3 && strcmp(arguments[1], "kernel") == 0) {
        const char *name = arguments[2];
        int columns = atoi(name);
        if (strcmp(name, "pointers") == 0) fputs(pointer_source, stdout);
        else if (columns == 128 || columns == 256) fputs(warp_group_source(columns), stdout);
        else fputs(mma_source(name), stdout);
        return 0;
    }
    for (int i = 0; count == 3 && i < question_count; i++)
        if (strcmp(arguments[2], questions[i].name) == 0) {
            open_device(arguments[1]);
            questions[i].ask();
            return 0;
        }
    fprintf(stderr, "usage: probe DEVICE QUESTION, probe questions, probe kernel NAME, probe splice <PTX\n");
    return 2;
}
