#ifndef FOVEA_DEMO_MODEL_H
#define FOVEA_DEMO_MODEL_H
#include <stddef.h>

/// The files of the built-in model, as a Hub folder would hold them.
typedef struct {
    const unsigned char *bytes;
    size_t count;
} fovea_embedded_file;

/// model.safetensors
fovea_embedded_file fovea_demo_weights(void);
/// config.json (timm's layout, with label_names)
fovea_embedded_file fovea_demo_configuration(void);
#endif
