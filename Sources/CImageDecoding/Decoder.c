#include "Decoder.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/decode.h>

void fovea_outcome_set(fovea_image_outcome *outcome, fovea_image_status status, const char *message) {
    outcome->status = status;
    snprintf(outcome->message, sizeof outcome->message, "%s", message);
}

double fovea_thread_seconds(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) != 0) return 0;
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

fovea_deadline fovea_deadline_in(double seconds) {
    return (fovea_deadline){fovea_thread_seconds() + seconds};
}

bool fovea_deadline_passed(fovea_deadline deadline) { return fovea_thread_seconds() > deadline.at; }

fovea_image_format fovea_image_identify(const uint8_t *bytes, size_t count) {
    static const uint8_t png[8] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    if (count >= 3 && bytes[0] == 0xff && bytes[1] == 0xd8 && bytes[2] == 0xff) return FOVEA_IMAGE_JPEG;
    if (count >= 8 && memcmp(bytes, png, 8) == 0) return FOVEA_IMAGE_PNG;
    if (count >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) return FOVEA_IMAGE_WEBP;
    return FOVEA_IMAGE_UNKNOWN;
}

static fovea_image_outcome unknown_format(void) {
    fovea_image_outcome outcome = {0};
    fovea_outcome_set(&outcome, FOVEA_IMAGE_UNSUPPORTED, "neither JPEG nor PNG nor WebP");
    return outcome;
}

fovea_image_outcome fovea_image_probe(const uint8_t *bytes, size_t count) {
    switch (fovea_image_identify(bytes, count)) {
    case FOVEA_IMAGE_JPEG: {
        // A header is never worth more than the caller's patience with warnings: damage shows up in the decode.
        const fovea_decode_limits limits = {.scans = 1, .seconds = 1, .allow_truncated = true};
        return fovea_jpeg_read(bytes, count, &limits, NULL);
    }
    case FOVEA_IMAGE_PNG: return fovea_png_probe(bytes, count);
    case FOVEA_IMAGE_WEBP: return fovea_webp_probe(bytes, count);
    case FOVEA_IMAGE_UNKNOWN: break;
    }
    return unknown_format();
}

fovea_image_outcome fovea_image_decode(
    const uint8_t *bytes, size_t count, fovea_decode_limits limits, uint8_t *rgb, size_t rgb_count) {
    fovea_image_outcome probe = fovea_image_probe(bytes, count);
    if (probe.status != FOVEA_IMAGE_OK) return probe;
    if ((uint64_t)probe.width * probe.height * 3 != rgb_count) {
        fovea_outcome_set(&probe, FOVEA_IMAGE_CORRUPT, "the size changed between probe and decode");
        return probe;
    }
    switch (probe.format) {
    case FOVEA_IMAGE_JPEG: return fovea_jpeg_read(bytes, count, &limits, rgb);
    case FOVEA_IMAGE_PNG: return fovea_png_read(bytes, count, &limits, rgb);
    case FOVEA_IMAGE_WEBP: return fovea_webp_read(bytes, count, &limits, rgb);
    case FOVEA_IMAGE_UNKNOWN: break;
    }
    return unknown_format();
}

#define STRING(x) #x
#define EXPANDED(x) STRING(x)

const char *fovea_image_libraries(void) {
    static _Thread_local char text[96];
    const int webp = WebPGetDecoderVersion();
    snprintf(
        text, sizeof text, "libjpeg-turbo %s, libpng %s, libwebp %d.%d.%d", EXPANDED(LIBJPEG_TURBO_VERSION),
        png_get_libpng_ver(NULL), webp >> 16, (webp >> 8) & 0xff, webp & 0xff);
    return text;
}
