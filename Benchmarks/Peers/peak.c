// The most float32 multiply-adds that this processor does in a second, on a given number of threads.
// Twelve independent chains of fused multiply-adds, in the widest registers that the compiler may use here
// (-march=native); printed in GFLOP/s, a multiply-add as two.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
typedef float vector __attribute__((vector_size(4 * LANES)));

enum { chains = 12, steps = 1000000, repeats = 20 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + 1e-9 * time.tv_nsec;
}

static void *run(void *best) {
    for (int repeat = 0; repeat < repeats; repeat++) {
        vector sum[chains] = {{0}}, factor = {0}, added = {0};
        __asm__ volatile("" : "+x"(factor), "+x"(added));
        // Each chain is told to the compiler as unknown: it would compute equal ones once.
        for (int chain = 0; chain < chains; chain++) __asm__ volatile("" : "+x"(sum[chain]));
        double start = now();
        for (int step = 0; step < steps; step++)
            for (int chain = 0; chain < chains; chain++) sum[chain] = sum[chain] * factor + added;
        double rate = 2.0 * LANES * chains * steps / (now() - start) / 1e9;
        for (int chain = 0; chain < chains; chain++) __asm__ volatile("" ::"x"(sum[chain]));
        if (rate > *(double *)best) *(double *)best = rate;
    }
    return NULL;
}

int main(int count, char **arguments) {
    int threads = count > 1 ? atoi(arguments[1]) : 1;
    double best[256] = {0}, total = 0;
    pthread_t thread[256];
    if (threads < 1 || threads > 256) return 2;
    for (int i = 0; i < threads; i++) pthread_create(&thread[i], NULL, run, &best[i]);
    for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
    for (int i = 0; i < threads; i++) total += best[i];
    printf("%.1f\n", total);
}
