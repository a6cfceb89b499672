#include "ImageNetClasses.h"

// The table travels inside the binary, as it is read by people: one line a class, WordNet's number, a letter for each list
// that has it, WordNet's words. make.py wrote it from what timm carries (huggingface/pytorch-image-models, Apache-2.0,
// timm/data/_info); the words are WordNet's, under LICENSE-WordNet.txt.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const char classes[] = {
#embed "classes.txt" suffix(, 0)
};

const char *fovea_imagenet_classes(void) { return classes; }
