#ifndef FOVEA_C_IMAGE_DECODING_H
#define FOVEA_C_IMAGE_DECODING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// How a call ended; everything but OK leaves nothing allocated behind.
typedef enum fovea_image_status {
    FOVEA_IMAGE_OK = 0,
    /// The bytes end before the picture does.
    FOVEA_IMAGE_TRUNCATED,
    /// The bytes contradict the format.
    FOVEA_IMAGE_CORRUPT,
    /// The format is right, but it uses a feature that the library cannot decode; the message names it.
    FOVEA_IMAGE_UNSUPPORTED,
    /// A side longer than the library can decode.
    FOVEA_IMAGE_TOO_LARGE,
    /// A JPEG with more scans than the limit.
    FOVEA_IMAGE_TOO_MANY_SCANS,
    /// The decode used more processor time than the limit.
    FOVEA_IMAGE_TIMEOUT,
    /// The library could not allocate.
    FOVEA_IMAGE_OUT_OF_MEMORY,
} fovea_image_status;

/// The formats that are decoded, told by their first bytes.
typedef enum fovea_image_format {
    FOVEA_IMAGE_UNKNOWN = 0,
    FOVEA_IMAGE_JPEG,
    FOVEA_IMAGE_PNG,
    FOVEA_IMAGE_WEBP,
} fovea_image_format;

/// What a probe or a decode found.
typedef struct fovea_image_outcome {
    fovea_image_status status;
    fovea_image_format format;
    /// Stored size in pixels, before any EXIF orientation; 0 where the header could not be read.
    uint32_t width;
    uint32_t height;
    /// True where damage was tolerated: some rows are the library's guess or black.
    bool incomplete;
    /// The library's own words where the status is not OK or the picture is incomplete.
    char message[160];
} fovea_image_outcome;

/// What a decode may cost.
typedef struct fovea_decode_limits {
    /// Largest number of scans in a JPEG.
    int scans;
    /// Processor seconds of the calling thread; infinity for no limit.
    double seconds;
    /// Decode what is there instead of failing on truncated or damaged bytes.
    bool allow_truncated;
} fovea_decode_limits;

/// Tells the format by the first bytes, never by a name.
fovea_image_format fovea_image_identify(const uint8_t *bytes, size_t count);

/// Reads the header alone: format, width, height. Allocates nothing that depends on the size.
fovea_image_outcome fovea_image_probe(const uint8_t *bytes, size_t count);

/// Decodes to red, green, blue bytes, with the values of Pillow's `Image.open(f).convert('RGB')`.
///
/// `rgb` receives `width * height * 3` bytes for the size that `fovea_image_probe` gave; `rgb_count` must be exactly
/// that. Alpha is dropped, of an animation the first picture is decoded, no color profile is applied.
fovea_image_outcome fovea_image_decode(
    const uint8_t *bytes, size_t count, fovea_decode_limits limits, uint8_t *rgb, size_t rgb_count);

/// Writes a PNG of 3 (RGB) or 4 (RGBA) channels of 8 bits into fresh memory; give it back to `fovea_image_free`.
fovea_image_outcome fovea_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, uint8_t **png, size_t *png_count);

/// Frees what `fovea_png_encode` returned.
void fovea_image_free(uint8_t *bytes);

/// The libraries in use, such as "libjpeg-turbo 2.1.5, libpng 1.6.39, libwebp 1.2.4".
const char *fovea_image_libraries(void);

#endif
