#include "DemoModel.h"
fovea_embedded_file fovea_demo_weights(void) { return (fovea_embedded_file){0, 0}; }
fovea_embedded_file fovea_demo_configuration(void) { return (fovea_embedded_file){0, 0}; }
