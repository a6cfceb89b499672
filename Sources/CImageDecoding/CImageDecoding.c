#include "CImageDecoding.h"
int fovea_image_decoding_placeholder(void) { return 0; }
