#ifndef FOVEA_C_IMAGE_DECODING_H
#define FOVEA_C_IMAGE_DECODING_H
int fovea_image_decoding_placeholder(void);
#endif
