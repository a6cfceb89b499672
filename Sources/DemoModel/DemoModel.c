#include "DemoModel.h"

// The files travel inside the binary: no resource bundle to lose when the command is moved.
#pragma clang diagnostic ignored "-Wc23-extensions"

// Aligned, so that a reader may view the tensors in place.
static _Alignas(16) const unsigned char weights[] = {
#embed "Model/model.safetensors"
};

static _Alignas(16) const unsigned char configuration[] = {
#embed "Model/config.json"
};

fovea_embedded_file fovea_demo_weights(void) { return (fovea_embedded_file){weights, sizeof weights}; }

fovea_embedded_file fovea_demo_configuration(void) {
    return (fovea_embedded_file){configuration, sizeof configuration};
}
