#ifndef FOVEA_DECODER_H
#define FOVEA_DECODER_H

#include "CImageDecoding.h"

// What the three decoders share. Internal to this target: not in include/.

/// Sets status and message; the message is cut where it does not fit.
void fovea_outcome_set(fovea_image_outcome *outcome, fovea_image_status status, const char *message);

/// Processor seconds used by the calling thread so far.
double fovea_thread_seconds(void);

/// A point in processor time of the calling thread.
typedef struct fovea_deadline {
    double at;
} fovea_deadline;

fovea_deadline fovea_deadline_in(double seconds);
bool fovea_deadline_passed(fovea_deadline deadline);

/// Each probes and, where `rgb` is not NULL, decodes.
fovea_image_outcome fovea_jpeg_read(const uint8_t *bytes, size_t count, const fovea_decode_limits *limits, uint8_t *rgb);
fovea_image_outcome fovea_png_probe(const uint8_t *bytes, size_t count);
fovea_image_outcome fovea_png_read(const uint8_t *bytes, size_t count, const fovea_decode_limits *limits, uint8_t *rgb);
fovea_image_outcome fovea_webp_probe(const uint8_t *bytes, size_t count);
fovea_image_outcome fovea_webp_read(const uint8_t *bytes, size_t count, const fovea_decode_limits *limits, uint8_t *rgb);

#endif
