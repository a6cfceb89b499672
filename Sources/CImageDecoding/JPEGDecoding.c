// JPEG through libjpeg-turbo. Settings are the library's defaults (accurate integer DCT, fancy upsampling), which are
// Pillow's too. Every jump of setjmp/longjmp starts and ends in this file.

#include "Decoder.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/// One decode: the library's structures first, so that its callbacks find the rest.
typedef struct jpeg_session {
    struct jpeg_decompress_struct info;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    fovea_image_outcome outcome;
    const fovea_decode_limits *limits;
    fovea_deadline deadline;
    uint8_t *cmyk_row;
} jpeg_session;

static jpeg_session *session_of(j_common_ptr info) { return (jpeg_session *)info->client_data; }

static _Noreturn void fail(j_common_ptr info, fovea_image_status status, const char *message) {
    jpeg_session *session = session_of(info);
    fovea_outcome_set(&session->outcome, status, message);
    longjmp(session->escape, 1);
}

static fovea_image_status status_of_error(int code) {
    switch (code) {
    case JERR_OUT_OF_MEMORY: return FOVEA_IMAGE_OUT_OF_MEMORY;
    case JERR_IMAGE_TOO_BIG: return FOVEA_IMAGE_TOO_LARGE;
    case JERR_INPUT_EOF:
    case JERR_INPUT_EMPTY: return FOVEA_IMAGE_TRUNCATED;
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_NOTIMPL:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_CCIR601_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_COMPONENT_COUNT: return FOVEA_IMAGE_UNSUPPORTED;
    default: return FOVEA_IMAGE_CORRUPT;
    }
}

static void error_exit(j_common_ptr info) {
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    // A cut file makes the library complain about what is missing: say that it was cut.
    const bool was_cut = session_of(info)->outcome.status == FOVEA_IMAGE_TRUNCATED;
    fail(info, was_cut ? FOVEA_IMAGE_TRUNCATED : status_of_error(info->err->msg_code), message);
}

/// Whether a warning leaves every pixel as it is.
static bool is_harmless(const jpeg_session *session, int code) {
    switch (code) {
    case JWRN_JFIF_MAJOR:
    case JWRN_ADOBE_XFORM: return true;  // The header's wording.
    case JWRN_EXTRANEOUS_DATA:           // Bytes between the last row and the end mark: some cameras write them.
        return session->info.output_height > 0 && session->info.output_scanline >= session->info.output_height;
    default: return false;
    }
}

/// Negative levels are warnings: the pixels that follow are guesses.
static void emit_message(j_common_ptr info, int level) {
    if (level >= 0) return;
    const int code = info->err->msg_code;
    jpeg_session *session = session_of(info);
    if (is_harmless(session, code)) return;
    info->err->num_warnings++;
    if (info->err->num_warnings > 1) return;
    char message[JMSG_LENGTH_MAX];
    info->err->format_message(info, message);
    const fovea_image_status status = code == JWRN_JPEG_EOF ? FOVEA_IMAGE_TRUNCATED : FOVEA_IMAGE_CORRUPT;
    fovea_outcome_set(&session->outcome, status, message);
    if (!session->limits->allow_truncated) longjmp(session->escape, 1);
}

static void output_message(j_common_ptr info) { (void)info; }

static void progress_monitor(j_common_ptr info) {
    jpeg_session *session = session_of(info);
    if (session->info.input_scan_number > session->limits->scans) {
        char message[96];
        snprintf(
            message, sizeof message, "has more than %d scans, found scan %d", session->limits->scans,
            session->info.input_scan_number);
        fail(info, FOVEA_IMAGE_TOO_MANY_SCANS, message);
    }
    if (fovea_deadline_passed(session->deadline)) fail(info, FOVEA_IMAGE_TIMEOUT, "the decode-time limit passed");
}

/// Pillow's rounding of a product of two bytes divided by 255.
static inline int product_of_bytes(int a, int b) {
    const int t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

/// Adobe's inverted CMYK to RGB by Pillow's formula; a CMYK JPEG is taken as inverted with or without Adobe's marker.
static void rgb_from_inverted_cmyk(const uint8_t *cmyk, uint8_t *rgb, uint32_t width) {
    for (uint32_t x = 0; x < width; x++, cmyk += 4, rgb += 3) {
        const int light = cmyk[3];
        for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(light - product_of_bytes(255 - cmyk[c], light));
    }
}

static void choose_colors(jpeg_session *session) {
    j_decompress_ptr info = &session->info;
    switch (info->num_components) {
    case 1:
    case 3: info->out_color_space = JCS_RGB; break;
    case 4:
        info->out_color_space = JCS_CMYK;
        session->cmyk_row = malloc((size_t)info->image_width * 4);
        if (session->cmyk_row == NULL) {
            fail((j_common_ptr)info, FOVEA_IMAGE_OUT_OF_MEMORY, "no memory for a row of CMYK");
        }
        break;
    default: {
        char message[64];
        snprintf(message, sizeof message, "has %d color components (1, 3 or 4 are read)", info->num_components);
        fail((j_common_ptr)info, FOVEA_IMAGE_UNSUPPORTED, message);
    }
    }
}

static void decode_rows(jpeg_session *session, uint8_t *rgb) {
    j_decompress_ptr info = &session->info;
    while (info->output_scanline < info->output_height) {
        uint8_t *target = rgb + (size_t)info->output_scanline * info->output_width * 3;
        if (session->cmyk_row == NULL) {
            jpeg_read_scanlines(info, &target, 1);
        } else {
            jpeg_read_scanlines(info, &session->cmyk_row, 1);
            rgb_from_inverted_cmyk(session->cmyk_row, target, info->output_width);
        }
    }
    jpeg_finish_decompress(info);
}

static void start(jpeg_session *session, const fovea_decode_limits *limits) {
    session->info.err = jpeg_std_error(&session->errors);
    session->errors.error_exit = error_exit;
    session->errors.emit_message = emit_message;
    session->errors.output_message = output_message;
    session->info.client_data = session;
    session->outcome.format = FOVEA_IMAGE_JPEG;
    session->limits = limits;
    session->deadline = fovea_deadline_in(limits->seconds);
}

fovea_image_outcome fovea_jpeg_read(
    const uint8_t *bytes, size_t count, const fovea_decode_limits *limits, uint8_t *rgb) {
    // On the heap: what changes between setjmp and longjmp must not live in registers.
    jpeg_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        fovea_image_outcome outcome = {.format = FOVEA_IMAGE_JPEG};
        fovea_outcome_set(&outcome, FOVEA_IMAGE_OUT_OF_MEMORY, "no memory for the JPEG decoder");
        return outcome;
    }
    start(session, limits);
    if (setjmp(session->escape) == 0) {
        jpeg_create_decompress(&session->info);
        jpeg_mem_src(&session->info, bytes, (unsigned long)count);
        jpeg_read_header(&session->info, TRUE);
        session->outcome.width = session->info.image_width;
        session->outcome.height = session->info.image_height;
        if (rgb != NULL) {
            choose_colors(session);
            session->progress.progress_monitor = progress_monitor;
            session->info.progress = &session->progress;
            jpeg_start_decompress(&session->info);
            decode_rows(session, rgb);
        }
        // Only tolerated damage leaves a warning behind: in a strict decode the first one jumped.
        session->outcome.incomplete = session->errors.num_warnings > 0;
        session->outcome.status = FOVEA_IMAGE_OK;
    }
    const fovea_image_outcome outcome = session->outcome;
    jpeg_destroy_decompress(&session->info);
    free(session->cmyk_row);
    free(session);
    return outcome;
}
