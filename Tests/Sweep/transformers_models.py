"""transformers: every class of transformers-classes.md with a tiny configuration, saved as `save_pretrained` does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cases import Case, pixels, seed
from drawing import SINES, Scale, draw
from installed import import_transformers, versions

CLASSES = 7
WIDTH = 96
HEADS = 3
PATCH = 8
# Pictures that the models are made for: square, as many classes allow no other.
SIDE = 5 * PATCH
# Another size, for classes that adapt their positions.
OTHER = (4 * PATCH, 7 * PATCH)


@dataclass(frozen=True)
class Model:
    """A class, its configuration, and how its answers are read."""

    # The class, and after a dash what of its configuration is not the usual.
    name: str
    configuration: str
    arguments: dict[str, Any]
    embedding: Callable[[Any, Any], Any] | None
    size: tuple[int, int] = (SIDE, SIDE)
    # What a call with another size of picture needs; None: the class takes one size alone.
    other: dict[str, Any] | None = None
    call: Callable[[Any, Any, dict[str, Any]], Any] = lambda module, pixels, more: module(pixels, **more)
    scale: Scale = Scale()
    # Tensors that the class has and does not use.
    unused: str = ""


# Ways to the vector that a classifier reads, or what stands for it (transformers-classes.md).
def first(out: Any, module: Any) -> Any:
    return out.last_hidden_state[:, 0]


def pooled(out: Any, module: Any) -> Any:
    return out.pooler_output


def mean(out: Any, module: Any) -> Any:
    return out.last_hidden_state.mean(dim=1)


def projected(out: Any, module: Any) -> Any:
    return out.image_embeds


def summary(out: Any, module: Any) -> Any:
    return out.summary


def features(out: Any, module: Any) -> Any:
    return out.pooler_output if hasattr(out, "pooler_output") else out


def classifier_reads(out: Any, module: Any) -> Any:
    """What the classifier was given: recorded while it ran."""
    read = module.read_by_classifier
    return sum(read) / len(read)


BASE = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": HEADS, "patch_size": PATCH, "image_size": SIDE}
MLP = {"intermediate_size": 200}
LABELS = {"num_labels": CLASSES}
ADAPT = {"interpolate_pos_encoding": True}
ANY: dict[str, Any] = {}
DUAL_TEXT = {
    "hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 64,
    "max_position_embeddings": 16, "projection_dim": 40, "project_dim": 40, "bos_token_id": 1, "eos_token_id": 2,
    "pad_token_id": 0,
}  # fmt: skip


def image_features(module: Any, pixels: Any, more: dict[str, Any]) -> Any:
    return module.get_image_features(pixels, **more)


def unmasked(module: Any, pixels: Any, more: dict[str, Any]) -> Any:
    """ViTMAE with nothing masked and the patches in order: noise that grows is sorted already."""
    import torch

    encoder = getattr(module, "vit", module)
    encoder.config.mask_ratio = encoder.embeddings.config.mask_ratio = 0.0
    count = pixels.shape[2] // PATCH * (pixels.shape[3] // PATCH)
    noise = torch.arange(count, dtype=pixels.dtype).expand(pixels.shape[0], -1)
    found = encoder(pixels, noise=noise, **more)
    encoder.config.mask_ratio = encoder.embeddings.config.mask_ratio = 0.75
    return found


def patched(module: Any, pixels: Any, more: dict[str, Any]) -> Any:
    """SigLIP 2 takes rows of patches: its processor's order is (row, column, channel) within a patch."""
    import torch

    batch, channels, height, width = pixels.shape
    rows, columns = height // PATCH, width // PATCH
    cut = pixels.reshape(batch, channels, rows, PATCH, columns, PATCH).permute(0, 2, 4, 3, 5, 1)
    cut = cut.reshape(batch, rows * columns, PATCH * PATCH * channels)
    arguments = {
        "pixel_attention_mask": torch.ones(batch, rows * columns, dtype=torch.int32),
        "spatial_shapes": torch.tensor([[rows, columns]] * batch),
    }
    return getattr(module, "get_image_features", module)(cut, **arguments)


def vit_like() -> list[Model]:
    """ViT, DeiT, MAE, MSN and I-JEPA: one set of configuration fields."""
    vit = BASE | MLP
    models = [
        Model("ViTModel", "ViTConfig", vit, first, other=ADAPT),
        Model("ViTForImageClassification", "ViTConfig", vit | LABELS, first, other=ADAPT),
        Model("ViTForImageClassification-rectangle", "ViTConfig",
              vit | LABELS | {"image_size": [3 * PATCH, 6 * PATCH]}, first, size=(3 * PATCH, 6 * PATCH)),
        Model("ViTForImageClassification-bias-eps", "ViTConfig",
              vit | LABELS | {"qkv_bias": False, "layer_norm_eps": 1e-3, "hidden_act": "gelu_new"}, first),
        Model("DeiTModel", "DeiTConfig", vit, first, other=ADAPT),
        Model("DeiTForImageClassification", "DeiTConfig", vit | LABELS, first, other=ADAPT),
        Model("DeiTForImageClassificationWithTeacher", "DeiTConfig", vit | LABELS,
              classifier_reads, other=ADAPT),
        Model("ViTMAEModel", "ViTMAEConfig", vit, first, other=ADAPT, call=unmasked),
        Model("ViTMAEForPreTraining", "ViTMAEConfig",
              vit | {"decoder_hidden_size": 32, "decoder_num_hidden_layers": 1, "decoder_num_attention_heads": 2,
                     "decoder_intermediate_size": 32}, first, other=ADAPT, call=unmasked),
        Model("ViTMSNModel", "ViTMSNConfig", vit, first, other=ADAPT),
        Model("ViTMSNForImageClassification", "ViTMSNConfig", vit | LABELS, first, other=ADAPT),
        Model("IJepaModel", "IJepaConfig", vit, mean, other=ADAPT),
        Model("IJepaForImageClassification", "IJepaConfig", vit | LABELS, mean, other=ADAPT),
        Model("FlavaImageModel", "FlavaImageConfig", vit, first, other=ADAPT),
    ]  # fmt: skip
    for activation in ("gelu_pytorch_tanh", "quick_gelu", "gelu_fast", "relu", "silu"):
        name = f"ViTForImageClassification-{activation}"
        models.append(Model(name, "ViTConfig", vit | LABELS | {"hidden_act": activation}, first))
    return models


def dino() -> list[Model]:
    v2 = BASE | {"mlp_ratio": 3}
    v3 = BASE | MLP | {"num_register_tokens": 4, "key_bias": False}
    models = []
    for prefix in ("Dinov2", "Dinov2WithRegisters"):
        more = {"num_register_tokens": 3} if prefix != "Dinov2" else {}
        models += [
            Model(f"{prefix}Model", f"{prefix}Config", v2 | more, first, other=ANY),
            Model(f"{prefix}ForImageClassification", f"{prefix}Config",
                  v2 | more | LABELS, classifier_reads, other=ANY),
            Model(f"{prefix}ForImageClassification-swiglu", f"{prefix}Config",
                  v2 | more | LABELS | {"use_swiglu_ffn": True, "qkv_bias": False}, classifier_reads, other=ANY),
        ]  # fmt: skip
    models += [
        Model("DINOv3ViTModel", "DINOv3ViTConfig", v3, first, other=ANY),
        Model("DINOv3ViTModel-gated", "DINOv3ViTConfig",
              v3 | {"use_gated_mlp": True, "hidden_act": "silu", "query_bias": False, "value_bias": False,
                    "rope_theta": 30.0}, first, other=ANY),
        Model("DINOv3ViTModel-key-bias", "DINOv3ViTConfig",
              v3 | {"key_bias": True, "proj_bias": False, "mlp_bias": False, "num_register_tokens": 0}, first, other=ANY),
        Model("Tipsv2VisionModel", "Tipsv2VisionConfig", v2 | {"num_register_tokens": 1}, first, other=ANY),
        Model("PixioModel", "PixioConfig", v2 | {"n_cls_tokens": 3}, pooled, other=ANY),
        Model("RadioModel", "RadioConfig",
              v2 | {"mlp_ratio": 3.0, "max_img_size": 9 * PATCH, "num_cls_tokens": 3, "num_registers": 2,
                    "summary_idxs": [0, 2]}, summary, other=ANY),
        Model("RadioModel-swiglu", "RadioConfig",
              v2 | {"mlp_ratio": 3.0, "max_img_size": 4 * PATCH, "num_cls_tokens": 1, "num_registers": 0,
                    "summary_idxs": [0], "use_swiglu_ffn": True, "qkv_bias": False}, summary, other=ANY),
        Model("Sapiens2Model", "Sapiens2Config",
              BASE | MLP | {"num_hidden_layers": 3, "num_attention_heads": 4, "num_key_value_heads_per_layer": [4, 2, 4],
                            "num_register_tokens": 2}, first, other=ANY),
    ]  # fmt: skip
    return models


def beit() -> list[Model]:
    base = BASE | MLP | {"drop_path_rate": 0.0}
    own = {"use_relative_position_bias": True}
    shared = {"use_shared_relative_position_bias": True}
    both = {"use_absolute_position_embeddings": True, "use_mean_pooling": False}
    models = []
    for prefix in ("Beit", "Data2VecVision"):
        model, classifier, configuration = f"{prefix}Model", f"{prefix}ForImageClassification", f"{prefix}Config"
        rectangle = {"image_size": [3 * PATCH, 6 * PATCH]}
        models += [
            Model(model, configuration, base | own, pooled if prefix == "Beit" else None, other=ADAPT),
            Model(classifier, configuration, base | own | LABELS, classifier_reads, other=ADAPT),
            Model(f"{classifier}-shared", configuration, base | shared | LABELS, classifier_reads, other=ADAPT),
            Model(f"{classifier}-absolute-token", configuration, base | both | LABELS, classifier_reads, other=ADAPT),
            Model(f"{classifier}-rectangle", configuration, base | own | LABELS | rectangle, classifier_reads,
                  size=(3 * PATCH, 6 * PATCH)),
            Model(f"{classifier}-no-scale", configuration, base | own | LABELS | {"layer_scale_init_value": 0.0},
                  classifier_reads),
        ]  # fmt: skip
    return models


def clip_like() -> list[Model]:
    vision = BASE | MLP | {"projection_dim": 40}
    dual = {"vision_config": vision, "text_config": DUAL_TEXT, "projection_dim": 40}
    models = []
    for prefix in ("CLIP", "MetaClip2", "AltCLIP", "ChineseCLIP"):
        models.append(Model(f"{prefix}VisionModel", f"{prefix}VisionConfig", vision, pooled, other=ADAPT))
        models.append(Model(f"{prefix}Model", f"{prefix}Config", dual, features, other=ADAPT, call=image_features))
    for prefix in ("CLIP", "MetaClip2"):
        name = f"{prefix}VisionModelWithProjection"
        models.append(Model(name, f"{prefix}VisionConfig", vision, projected, other=ADAPT))
        gelu = vision | {"hidden_act": "gelu", "layer_norm_eps": 1e-3}
        models.append(Model(f"{name}-gelu", f"{prefix}VisionConfig", gelu, projected, other=ADAPT))
        name = f"{prefix}ForImageClassification"
        models.append(Model(name, f"{prefix}Config", dual | LABELS, classifier_reads, other=ADAPT, unused="post_layernorm"))
    models.append(Model("MLCDVisionModel", "MLCDVisionConfig", BASE | MLP, pooled))
    return models


def pooled_by_attention() -> list[Model]:
    vision = BASE | MLP
    dual = {"vision_config": vision, "text_config": DUAL_TEXT | {"projection_size": WIDTH}}
    models = [
        Model("SiglipVisionModel", "SiglipVisionConfig", vision, pooled, other=ADAPT),
        Model("SiglipModel", "SiglipConfig", dual, features, other=ADAPT, call=image_features),
        Model("SiglipForImageClassification", "SiglipConfig", dual | LABELS, classifier_reads,
              other=ADAPT, unused=r"vision_model\.head"),
        Model("Siglip2VisionModel", "Siglip2VisionConfig", NAFLEX, pooled, other=ANY, call=patched),
        Model("Siglip2Model", "Siglip2Config", dual | {"vision_config": NAFLEX}, features, other=ANY, call=patched),
        Model("Siglip2ForImageClassification", "Siglip2Config",
              dual | LABELS | {"vision_config": NAFLEX}, classifier_reads, other=ANY, call=patched,
              unused=r"vision_model\.head"),
        Model("Aimv2VisionModel", "Aimv2VisionConfig", vision, pooled),
        Model("Aimv2VisionModel-native", "Aimv2VisionConfig",
              vision | {"is_native": True, "qkv_bias": True, "mlp_bias": True}, pooled, other=ANY, scale=SINES),
        Model("Aimv2VisionModel-no-head", "Aimv2VisionConfig", vision | {"use_head": False}, None),
        Model("Aimv2Model", "Aimv2Config", dual | {"vision_config": vision, "projection_dim": 40}, features,
              call=image_features),
    ]  # fmt: skip
    return models


# SigLIP 2 has no size of picture: a table of num_patches positions, a square, is resized to each picture's grid.
NAFLEX = {key: value for key, value in (BASE | MLP).items() if key != "image_size"} | {"num_patches": 25}


def models() -> list[Model]:
    return vit_like() + dino() + beit() + clip_like() + pooled_by_attention()


def build(model: Model, seed: int) -> Any:
    """The library's module in evaluation mode, every parameter drawn anew.

    Attention in one piece, where the class has it, is exact in double; the written-out one takes its softmax in float32.
    """
    transformers = import_transformers()
    configuration = getattr(transformers, model.configuration)(**model.arguments)
    built = getattr(transformers, model.name.split("-")[0])
    attention = "sdpa" if built._supports_sdpa else "eager"
    module = built._from_config(configuration, attn_implementation=attention).eval()
    draw(module, seed, model.scale)
    return module


def answers(model: Model, module: Any, pixels: Any, more: dict[str, Any]) -> dict[str, Any]:
    """By kinds of `fovea run`. Classifiers record what they read."""
    import torch

    module.read_by_classifier = []
    heads = [part for name, part in module.named_modules() if name.endswith("classifier")]
    hooks = [head.register_forward_pre_hook(lambda _, given: module.read_by_classifier.append(given[0])) for head in heads]
    with torch.inference_mode():
        out = model.call(module, pixels, more)
    for hook in hooks:
        hook.remove()
    found = {}
    if module.read_by_classifier:
        found["logits"] = out.logits
        found["embedding"] = classifier_reads(out, module)
    elif model.embedding is not None:
        found["embedding"] = model.embedding(out, module)
    if getattr(out, "last_hidden_state", None) is not None:
        found["tokens"] = out.last_hidden_state
    return found


def create(name: str, folder: Path) -> tuple[Model, Any, Any]:
    """Writes the case; gives the model, its module in double precision and the pixels, for proofs."""
    import torch

    model = next(model for model in models() if model.name == name)
    module = build(model, seed(name))
    module.save_pretrained(folder)
    module = type(module).from_pretrained(folder, attn_implementation=module.config._attn_implementation).eval().double()
    case = Case("transformers", name, model.arguments, versions=versions("transformers", "torch"))
    given = pixels(name, *model.size)
    case.expect(folder, "", given, answers(model, module, torch.from_numpy(given).double(), {}))
    if model.other is not None:
        another = pixels(name, *OTHER)
        case.expect(folder, "other-", another, answers(model, module, torch.from_numpy(another).double(), model.other))
    case.write(folder)
    return model, module, given
