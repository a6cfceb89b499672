#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/mman.h>
#endif

#include "CHDF5.h"
#include "Conversion.h"

extern char **environ;

int fovea_hdf5_scratch(void) {
#ifdef __linux__
    return memfd_create("fovea-hdf5", MFD_CLOEXEC);
#else
    const char *folder = getenv("TMPDIR");
    char path[1024];
    if (folder == NULL || folder[0] == 0) folder = P_tmpdir;
    if (snprintf(path, sizeof path, "%s/fovea-hdf5-XXXXXX", folder) >= (int)sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int descriptor = mkstemp(path);
    if (descriptor >= 0) {
        unlink(path);
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    }
    return descriptor;
#endif
}

static fovea_hdf5_outcome system_failure(int error) {
    return (fovea_hdf5_outcome){.status = FOVEA_HDF5_SYSTEM, .system_error = error};
}

/// How much address space this process has already; 0 where it cannot be told.
static uint64_t address_space(void) {
#ifdef __linux__
    char text[64] = {0};
    const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    return count > 0 ? strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
#else
    return 0;
#endif
}

static void limit(int resource, uint64_t value) {
    struct rlimit limit;
    if (getrlimit(resource, &limit) != 0) return;
    if (limit.rlim_max != RLIM_INFINITY && limit.rlim_max < value) value = limit.rlim_max;
    limit.rlim_cur = limit.rlim_max = (rlim_t)value;
    setrlimit(resource, &limit);
}

/// Seconds of processor that a file of a size is worth: gzip gives some 200 MB of content a second.
static uint64_t processor_seconds(uint64_t file_size) { return 2 + (file_size >> 24); }

/// Everything that happens in the child; does not return.
static void run_child(fovea_hdf5_work work, const void *context, uint64_t file_size, int answer) {
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    // What a broken heap or the library itself would print is told by the outcome.
    const int nowhere = open("/dev/null", O_WRONLY);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    const uint64_t space = address_space();
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, processor_seconds(file_size));
    if (space > 0) limit(RLIMIT_AS, space + 3 * file_size + (256ULL << 20));
    const fovea_hdf5_outcome outcome = work(context);
    const ssize_t written = write(answer, &outcome, sizeof outcome);
    _exit(written == (ssize_t)sizeof outcome ? 0 : 1);
}

/// Waits for the child's answer until a time; what the child has written of it.
static size_t receive(int pipe, fovea_hdf5_outcome *outcome, uint64_t seconds) {
    struct timespec start, now;
    clock_gettime(CLOCK_MONOTONIC, &start);
    size_t count = 0;
    while (count < sizeof *outcome) {
        clock_gettime(CLOCK_MONOTONIC, &now);
        const uint64_t passed = (uint64_t)(now.tv_sec - start.tv_sec);
        if (passed >= seconds) break;
        struct pollfd ready = {.fd = pipe, .events = POLLIN};
        const int status = poll(&ready, 1, 1000);
        if (status < 0 && errno != EINTR) break;
        if (status <= 0) continue;
        const ssize_t got = read(pipe, (char *)outcome + count, sizeof *outcome - count);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return count;
        count += (size_t)got;
    }
    return count < sizeof *outcome ? SIZE_MAX : count;
}

/// A pipe that no program inherits which another thread starts.
static int make_pipe(int ends[2]) {
#ifdef __linux__
    return pipe2(ends, O_CLOEXEC);
#else
    if (pipe(ends) != 0) return -1;
    for (int i = 0; i < 2; i++) fcntl(ends[i], F_SETFD, FD_CLOEXEC);
    return 0;
#endif
}

fovea_hdf5_outcome fovea_hdf5_guarded(fovea_hdf5_work work, const void *context, uint64_t file_size) {
    int ends[2];
    if (make_pipe(ends) != 0) return system_failure(errno);
    // A lock that another thread holds now stays locked in the child for ever. The child takes two kinds: libhdf5's, which
    // are free because nobody calls libhdf5 in this process, and malloc's, which the C library's own fork sets free in the
    // child (glibc and Darwin do, though POSIX promises nothing). It must not take others: the environment's, stdio's, the
    // loader's.
    const pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        run_child(work, context, file_size, ends[1]);
    }
    const int fork_error = errno;
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        return system_failure(fork_error);
    }
    fovea_hdf5_outcome outcome = {0};
    const size_t received = receive(ends[0], &outcome, 30 + 8 * processor_seconds(file_size));
    close(ends[0]);
    if (received == SIZE_MAX) kill(child, SIGKILL);
    int ended = 0;
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR) {}
    if (received == sizeof outcome) return outcome;
    memset(&outcome, 0, sizeof outcome);
    outcome.signal_number = WIFSIGNALED(ended) ? WTERMSIG(ended) : 0;
    // The limit on processor time ends the child by one of these two.
    const bool is_slow = outcome.signal_number == SIGXCPU || outcome.signal_number == SIGKILL;
    outcome.status = is_slow ? FOVEA_HDF5_TIMEOUT : FOVEA_HDF5_CRASHED;
    return outcome;
}

/// What a conversion needs to know in the child.
typedef struct conversion {
    const hdf5_library *library;
    const char *path;
    uint64_t file_size;
    int output;
    char **environment;
} conversion;

/// The environment of the child, made before there is one since setenv takes a lock; NULL where memory is short.
///
/// No locks on files, which some file systems lack, and no code from elsewhere.
static char **child_environment(void) {
    static char locking[] = "HDF5_USE_FILE_LOCKING=FALSE", plugins[] = "HDF5_PLUGIN_PRELOAD=::";
    size_t count = 0;
    while (environ != NULL && environ[count] != NULL) count++;
    char **variables = malloc((count + 3) * sizeof *variables);
    if (variables == NULL) return NULL;
    // Of two variables of a name the first counts.
    variables[0] = locking;
    variables[1] = plugins;
    if (count > 0) memcpy(variables + 2, environ, count * sizeof *variables);
    variables[count + 2] = NULL;
    return variables;
}

static fovea_hdf5_outcome convert(const void *context) {
    const conversion *conversion = context;
    environ = conversion->environment;
    return fovea_hdf5_convert_here(
        conversion->library, conversion->path, conversion->file_size, conversion->output);
}

fovea_hdf5_outcome fovea_hdf5_convert(const char *path, int output) {
    int is_old;
    const hdf5_library *library = fovea_hdf5_open_library(&is_old);
    if (library == NULL)
        return (fovea_hdf5_outcome){.status = is_old ? FOVEA_HDF5_OLD_LIBRARY : FOVEA_HDF5_NO_LIBRARY};
    struct stat status;
    if (stat(path, &status) != 0) return system_failure(errno);
    char **environment = child_environment();
    if (environment == NULL) return system_failure(ENOMEM);
    const conversion context = {library, path, (uint64_t)status.st_size, output, environment};
    const fovea_hdf5_outcome outcome = fovea_hdf5_guarded(convert, &context, context.file_size);
    free(environment);
    return outcome;
}
