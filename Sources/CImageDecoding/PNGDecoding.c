// PNG through libpng, straight into RGB rows. Every jump of setjmp/longjmp starts and ends in this file.

#include "Decoder.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/// Largest block that libpng may allocate for one chunk.
enum { CHUNK_BYTES = 8000000 };

typedef struct png_session {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count;
    size_t position;
    const fovea_decode_limits *limits;
    fovea_deadline deadline;
    fovea_image_outcome outcome;
    bool rows_started;
} png_session;

static void on_error(png_structp png, png_const_charp message) {
    png_session *session = png_get_error_ptr(png);
    // Set where the reason is known better than the library knows it: a cut file, a passed deadline.
    if (session->outcome.status == FOVEA_IMAGE_OK) {
        const bool short_data = strstr(message, "Not enough image data") != NULL;
        fovea_outcome_set(&session->outcome, short_data ? FOVEA_IMAGE_TRUNCATED : FOVEA_IMAGE_CORRUPT, message);
    }
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void read_bytes(png_structp png, png_bytep target, size_t wanted) {
    png_session *session = png_get_io_ptr(png);
    if (wanted > session->count - session->position) {
        fovea_outcome_set(&session->outcome, FOVEA_IMAGE_TRUNCATED, "the file ends inside a chunk");
        png_error(png, "truncated");
    }
    memcpy(target, session->bytes + session->position, wanted);
    session->position += wanted;
}

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/// The header by hand: signature, then IHDR at a fixed place.
fovea_image_outcome fovea_png_probe(const uint8_t *bytes, size_t count) {
    fovea_image_outcome outcome = {.format = FOVEA_IMAGE_PNG};
    if (count < 33) {
        fovea_outcome_set(&outcome, FOVEA_IMAGE_TRUNCATED, "the file ends inside the header");
        return outcome;
    }
    if (big_endian(bytes + 8) != 13 || memcmp(bytes + 12, "IHDR", 4) != 0) {
        fovea_outcome_set(&outcome, FOVEA_IMAGE_CORRUPT, "the first chunk is not a 13-byte IHDR");
        return outcome;
    }
    outcome.width = big_endian(bytes + 16);
    outcome.height = big_endian(bytes + 20);
    // As long as a side may be (PNG, third edition, 7.1), so that the pixels can be counted.
    if (outcome.width > 0x7fffffff || outcome.height > 0x7fffffff) {
        fovea_outcome_set(&outcome, FOVEA_IMAGE_CORRUPT, "a side is longer than 2147483647 pixels");
    }
    return outcome;
}

/// Text, profiles and the like are never read, so they can never unpack into memory.
static void ignore_metadata(png_structp png) {
    static const png_byte names[] = "iCCP\0tEXt\0zTXt\0iTXt\0eXIf\0sPLT\0hIST\0tIME\0pCAL\0sCAL\0oFFs";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, (int)(sizeof names / 5));
}

/// Asks libpng for 8-bit RGB, except for 16-bit gray, which comes as it is; returns whether it is that.
static bool choose_transformations(png_session *session) {
    png_structp png = session->png;
    const int color = png_get_color_type(png, session->info);
    const int depth = png_get_bit_depth(png, session->info);
    if (color == PNG_COLOR_TYPE_GRAY && depth == 16) return true;
    // An index beyond the palette is black, in libpng as in Pillow.
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (color == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (depth == 16) png_set_strip_16(png);
    png_set_strip_alpha(png);
    if ((color & PNG_COLOR_MASK_COLOR) == 0) png_set_gray_to_rgb(png);
    return false;
}

/// 16-bit gray becomes RGB as in Pillow, whose mode I;16 saturates at 255. In place, from the end of each row.
static void saturate_gray(uint8_t *rgb, uint32_t width, uint32_t height) {
    for (uint32_t y = 0; y < height; y++) {
        uint8_t *row = rgb + (size_t)y * width * 3;
        for (size_t x = width; x-- > 0;) {
            const uint8_t value = row[2 * x] == 0 ? row[2 * x + 1] : 255;
            row[3 * x] = row[3 * x + 1] = row[3 * x + 2] = value;
        }
    }
}

static void decode_rows(png_session *session, uint8_t *rgb) {
    const int passes = png_set_interlace_handling(session->png);
    png_read_update_info(session->png, session->info);
    const size_t stride = (size_t)session->outcome.width * 3;
    if (png_get_rowbytes(session->png, session->info) > stride) png_error(session->png, "unexpected row size");
    session->rows_started = true;
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < session->outcome.height; y++) {
            png_read_row(session->png, rgb + y * stride, NULL);
            if (fovea_deadline_passed(session->deadline)) {
                fovea_outcome_set(&session->outcome, FOVEA_IMAGE_TIMEOUT, "the decode-time limit passed");
                png_error(session->png, "timeout");
            }
        }
    }
    png_read_end(session->png, NULL);
}

static void configure(png_session *session) {
    png_structp png = session->png;
    png_set_read_fn(png, session, read_bytes);
    png_set_user_limits(png, 0x7fffffff, 0x7fffffff);  // The size was checked before this call.
    png_set_chunk_malloc_max(png, CHUNK_BYTES);
    png_set_chunk_cache_max(png, 128);
    const int on_bad_checksum = session->limits->allow_truncated ? PNG_CRC_QUIET_USE : PNG_CRC_ERROR_QUIT;
    png_set_crc_action(png, on_bad_checksum, on_bad_checksum);
    ignore_metadata(png);
}

fovea_image_outcome fovea_png_read(
    const uint8_t *bytes, size_t count, const fovea_decode_limits *limits, uint8_t *rgb) {
    // On the heap: what changes between setjmp and longjmp must not live in registers.
    png_session *session = calloc(1, sizeof *session);
    if (session != NULL) {
        session->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, session, on_error, on_warning);
        session->info = session->png == NULL ? NULL : png_create_info_struct(session->png);
    }
    if (session == NULL || session->info == NULL) {
        fovea_image_outcome outcome = {.format = FOVEA_IMAGE_PNG};
        fovea_outcome_set(&outcome, FOVEA_IMAGE_OUT_OF_MEMORY, "no memory for the PNG decoder");
        if (session != NULL) png_destroy_read_struct(&session->png, NULL, NULL);
        free(session);
        return outcome;
    }
    session->bytes = bytes;
    session->count = count;
    session->limits = limits;
    session->deadline = fovea_deadline_in(limits->seconds);
    session->outcome = fovea_png_probe(bytes, count);
    volatile bool is_deep_gray = false;
    if (setjmp(png_jmpbuf(session->png)) == 0) {
        configure(session);
        png_read_info(session->png, session->info);
        is_deep_gray = choose_transformations(session);
        memset(rgb, 0, (size_t)session->outcome.width * session->outcome.height * 3);
        decode_rows(session, rgb);
    } else if (limits->allow_truncated && session->rows_started && session->outcome.status != FOVEA_IMAGE_TIMEOUT) {
        session->outcome.incomplete = true;
        session->outcome.status = FOVEA_IMAGE_OK;
    }
    const fovea_image_outcome outcome = session->outcome;
    png_destroy_read_struct(&session->png, &session->info, NULL);
    free(session);
    if (outcome.status == FOVEA_IMAGE_OK && is_deep_gray) saturate_gray(rgb, outcome.width, outcome.height);
    return outcome;
}
