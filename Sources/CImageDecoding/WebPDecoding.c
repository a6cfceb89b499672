// WebP through libwebp. The incremental decoder is fed slice by slice, so that the deadline is looked at in between; its
// pixels are those of the one-shot decoder. Of an animation the first frame is laid on a black canvas, as Pillow shows it.

#include "Decoder.h"

#include <string.h>

#include <webp/decode.h>

/// Bytes fed between two looks at the clock.
enum { SLICE_BYTES = 1 << 16 };

/// One frame's bitstream and its place on the canvas.
typedef struct webp_frame {
    const uint8_t *bytes;
    size_t count;
    uint32_t x, y, width, height;
} webp_frame;

static uint32_t little_endian(const uint8_t *bytes, int count) {
    uint32_t value = 0;
    for (int i = count; i-- > 0;) value = value << 8 | bytes[i];
    return value;
}

static fovea_image_status status_of(VP8StatusCode code) {
    switch (code) {
    case VP8_STATUS_OK: return FOVEA_IMAGE_OK;
    case VP8_STATUS_OUT_OF_MEMORY: return FOVEA_IMAGE_OUT_OF_MEMORY;
    case VP8_STATUS_UNSUPPORTED_FEATURE: return FOVEA_IMAGE_UNSUPPORTED;
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA: return FOVEA_IMAGE_TRUNCATED;
    default: return FOVEA_IMAGE_CORRUPT;
    }
}

static void set_from(fovea_image_outcome *outcome, VP8StatusCode code) {
    const fovea_image_status status = status_of(code);
    const char *message = "the bitstream is broken";
    if (status == FOVEA_IMAGE_TRUNCATED) message = "the bitstream ends early";
    if (status == FOVEA_IMAGE_UNSUPPORTED) message = "the bitstream uses an unknown feature";
    if (status == FOVEA_IMAGE_OUT_OF_MEMORY) message = "no memory for the WebP decoder";
    fovea_outcome_set(outcome, status, message);
}

static fovea_image_outcome probe(const uint8_t *bytes, size_t count, WebPBitstreamFeatures *features) {
    fovea_image_outcome outcome = {.format = FOVEA_IMAGE_WEBP};
    const VP8StatusCode code = WebPGetFeatures(bytes, count, features);
    if (code != VP8_STATUS_OK) {
        set_from(&outcome, code);
        return outcome;
    }
    outcome.width = (uint32_t)features->width;
    outcome.height = (uint32_t)features->height;
    return outcome;
}

fovea_image_outcome fovea_webp_probe(const uint8_t *bytes, size_t count) {
    WebPBitstreamFeatures features;
    return probe(bytes, count, &features);
}

/// Finds the first ANMF chunk: 3 bytes each of x/2, y/2, width-1, height-1, duration, 1 of flags, then the bitstream.
static bool first_frame(const uint8_t *bytes, size_t count, webp_frame *frame) {
    size_t position = 12;
    while (count - position >= 8) {
        const size_t size = little_endian(bytes + position + 4, 4);
        const uint8_t *payload = bytes + position + 8;
        const size_t available = count - position - 8;
        if (memcmp(bytes + position, "ANMF", 4) == 0) {
            if (size < 16 || available < 16) return false;
            *frame = (webp_frame){
                .bytes = payload + 16,
                .count = (size < available ? size : available) - 16,
                .x = 2 * little_endian(payload, 3),
                .y = 2 * little_endian(payload + 3, 3),
                .width = little_endian(payload + 6, 3) + 1,
                .height = little_endian(payload + 9, 3) + 1,
            };
            return true;
        }
        const size_t padded = size + (size & 1);
        if (padded > available) return false;
        position += 8 + padded;
    }
    return false;
}

static bool fits(const webp_frame *frame, const fovea_image_outcome *canvas) {
    WebPBitstreamFeatures features;
    return (uint64_t)frame->x + frame->width <= canvas->width && (uint64_t)frame->y + frame->height <= canvas->height
        && WebPGetFeatures(frame->bytes, frame->count, &features) == VP8_STATUS_OK
        && (uint32_t)features.width == frame->width && (uint32_t)features.height == frame->height;
}

static void decode_frame(
    const webp_frame *frame, const fovea_decode_limits *limits, fovea_image_outcome *outcome, uint8_t *rgb) {
    const size_t stride = (size_t)outcome->width * 3;
    WebPDecBuffer buffer;
    if (!WebPInitDecBuffer(&buffer)) {
        fovea_outcome_set(outcome, FOVEA_IMAGE_UNSUPPORTED, "libwebp differs from the headers of this build");
        return;
    }
    buffer.colorspace = MODE_RGB;
    buffer.is_external_memory = 1;
    buffer.u.RGBA.rgba = rgb + frame->y * stride + (size_t)frame->x * 3;
    buffer.u.RGBA.stride = (int)stride;
    buffer.u.RGBA.size = stride * (frame->height - 1) + (size_t)frame->width * 3;
    WebPIDecoder *decoder = WebPINewDecoder(&buffer);
    if (decoder == NULL) {
        fovea_outcome_set(outcome, FOVEA_IMAGE_OUT_OF_MEMORY, "no memory for the WebP decoder");
        return;
    }
    const fovea_deadline deadline = fovea_deadline_in(limits->seconds);
    VP8StatusCode code = VP8_STATUS_SUSPENDED;
    for (size_t fed = 0; code == VP8_STATUS_SUSPENDED && fed < frame->count;) {
        fed = frame->count - fed > SLICE_BYTES ? fed + SLICE_BYTES : frame->count;
        code = WebPIUpdate(decoder, frame->bytes, fed);
        if (fovea_deadline_passed(deadline)) {
            fovea_outcome_set(outcome, FOVEA_IMAGE_TIMEOUT, "the decode-time limit passed");
            break;
        }
    }
    WebPIDelete(decoder);
    WebPFreeDecBuffer(&buffer);
    if (outcome->status == FOVEA_IMAGE_OK && code != VP8_STATUS_OK) set_from(outcome, code);
}

fovea_image_outcome fovea_webp_read(
    const uint8_t *bytes, size_t count, const fovea_decode_limits *limits, uint8_t *rgb) {
    WebPBitstreamFeatures features;
    fovea_image_outcome outcome = probe(bytes, count, &features);
    if (outcome.status != FOVEA_IMAGE_OK) return outcome;
    const uint64_t declared = (uint64_t)little_endian(bytes + 4, 4) + 8;
    const bool cut = declared > count;
    if (cut && !limits->allow_truncated) {
        fovea_outcome_set(&outcome, FOVEA_IMAGE_TRUNCATED, "the file is shorter than its RIFF header says");
        return outcome;
    }
    webp_frame frame = {.bytes = bytes, .count = count, .width = outcome.width, .height = outcome.height};
    if (features.has_animation && (!first_frame(bytes, count, &frame) || !fits(&frame, &outcome))) {
        fovea_outcome_set(&outcome, FOVEA_IMAGE_CORRUPT, "the animation has no first frame that fits its canvas");
        return outcome;
    }
    memset(rgb, 0, (size_t)outcome.width * outcome.height * 3);
    decode_frame(&frame, limits, &outcome, rgb);
    if (outcome.status == FOVEA_IMAGE_OK) {
        outcome.incomplete = cut;
    } else if (limits->allow_truncated && outcome.status != FOVEA_IMAGE_TIMEOUT
               && outcome.status != FOVEA_IMAGE_OUT_OF_MEMORY) {
        outcome.incomplete = true;
        outcome.status = FOVEA_IMAGE_OK;
    }
    return outcome;
}
