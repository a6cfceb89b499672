#ifndef FOVEA_IMAGENET_CLASSES_H
#define FOVEA_IMAGENET_CLASSES_H

/// Every class of the lists of ImageNet, sorted, a line each: `n02123045 ktmgw tabby, tabby cat`.
///
/// The letters: k ImageNet-1k, t timm's 12k, m MIIL's 21k, g Google's 21k, w 22k of Fall 2011.
const char *fovea_imagenet_classes(void);
#endif
