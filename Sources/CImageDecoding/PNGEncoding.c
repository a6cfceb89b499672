// PNG writing through libpng, into memory. Every jump of setjmp/longjmp starts and ends in this file.

#include "Decoder.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

/// Bytes that grow as libpng writes.
typedef struct png_sink {
    uint8_t *bytes;
    size_t count;
    size_t capacity;
    fovea_image_outcome outcome;
} png_sink;

static void on_error(png_structp png, png_const_charp message) {
    png_sink *sink = png_get_error_ptr(png);
    if (sink->outcome.status == FOVEA_IMAGE_OK) fovea_outcome_set(&sink->outcome, FOVEA_IMAGE_CORRUPT, message);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp message) {
    (void)png;
    (void)message;
}

static void write_bytes(png_structp png, png_bytep source, size_t count) {
    png_sink *sink = png_get_io_ptr(png);
    if (count > sink->capacity - sink->count) {
        const size_t capacity = 2 * sink->capacity + count + 4096;
        uint8_t *bytes = realloc(sink->bytes, capacity);
        if (bytes == NULL) {
            fovea_outcome_set(&sink->outcome, FOVEA_IMAGE_OUT_OF_MEMORY, "no memory for the PNG");
            png_error(png, "out of memory");
        }
        sink->bytes = bytes;
        sink->capacity = capacity;
    }
    memcpy(sink->bytes + sink->count, source, count);
    sink->count += count;
}

static void flush(png_structp png) { (void)png; }

static void write_picture(
    png_structp png, png_infop info, const uint8_t *pixels, uint32_t width, uint32_t height, int channels) {
    const int color = channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
    png_set_IHDR(
        png, info, width, height, 8, color, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (uint32_t y = 0; y < height; y++) png_write_row(png, pixels + (size_t)y * width * (size_t)channels);
    png_write_end(png, info);
}

fovea_image_outcome fovea_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **png, size_t *png_count) {
    *png = NULL;
    *png_count = 0;
    fovea_image_outcome failure = {.format = FOVEA_IMAGE_PNG};
    fovea_outcome_set(&failure, FOVEA_IMAGE_OUT_OF_MEMORY, "no memory for the PNG encoder");
    // On the heap: what changes between setjmp and longjmp must not live in registers.
    png_sink *sink = calloc(1, sizeof *sink);
    if (sink == NULL) return failure;
    sink->outcome = (fovea_image_outcome){.format = FOVEA_IMAGE_PNG, .width = width, .height = height};
    png_structp writer = png_create_write_struct(PNG_LIBPNG_VER_STRING, sink, on_error, on_warning);
    png_infop info = writer == NULL ? NULL : png_create_info_struct(writer);
    if (info == NULL) {
        png_destroy_write_struct(&writer, NULL);
        free(sink);
        return failure;
    }
    if (setjmp(png_jmpbuf(writer)) == 0) {
        png_set_write_fn(writer, sink, write_bytes, flush);
        write_picture(writer, info, pixels, width, height, channels);
    }
    png_destroy_write_struct(&writer, &info);
    const fovea_image_outcome outcome = sink->outcome;
    if (outcome.status == FOVEA_IMAGE_OK) {
        *png = sink->bytes;
        *png_count = sink->count;
    } else {
        free(sink->bytes);
    }
    free(sink);
    return outcome;
}

void fovea_image_free(uint8_t *bytes) { free(bytes); }
