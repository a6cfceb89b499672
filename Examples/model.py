"""The demo model in plain PyTorch: a Vision Transformer under timm's parameter names, and its preprocessing.

    Dosovitskiy et al., "An Image is Worth 16x16 Words", arXiv:2010.11929
"""

import io
import json
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file
from torch import nn

import draw

SIDE, PATCH, WIDTH, DEPTH, HEADS = 64, 8, 96, 4, 3
FOLDER = Path(__file__).resolve().parent.parent / "Sources" / "DemoModel" / "Model"


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, d))


class Mlp(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, patch, width):
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch, stride=patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


def wave_positions(width, side):
    """Sines and cosines of the row and the column, [1, side² + 1, width], as a start for the learned positions."""
    rates = 50.0 ** -(torch.arange(width // 4) / (width // 4))
    angles = torch.arange(side)[:, None] * rates
    rows, columns = angles[:, None].expand(side, side, -1), angles[None].expand(side, side, -1)
    waves = torch.cat([rows.sin(), rows.cos(), columns.sin(), columns.cos()], -1).reshape(side * side, width)
    return torch.cat([torch.zeros(1, width), waves])[None]


class VisionTransformer(nn.Module):
    """Pictures [B, 3, H, W], normalized, to logits [B, classes]."""

    def __init__(self, side=SIDE, patch=PATCH, width=WIDTH, depth=DEPTH, heads=HEADS, classes=len(draw.CLASSES)):
        super().__init__()
        self.patch_embed = PatchEmbed(patch, width)
        self.cls_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.pos_embed = nn.Parameter(0.5 * wave_positions(width, side // patch))
        self.blocks = nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.head = nn.Linear(width, classes)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.trunc_normal_(layer.weight, std=1 / math.sqrt(layer.in_features))
                nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


def load(folder=FOLDER):
    """The exported model, its weights widened from float16."""
    arguments = json.loads((folder / "config.json").read_text())["model_args"]
    model = VisionTransformer(
        arguments["img_size"],
        arguments["patch_size"],
        arguments["embed_dim"],
        arguments["depth"],
        arguments["num_heads"],
        len(draw.CLASSES),
    )
    state = load_file(folder / "model.safetensors")
    model.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    return model.eval()


def crop(image, side=SIDE):
    """The middle square of a picture, `side` pixels wide: timm's evaluation transform for crop_pct 1.

    Resizes the short side to `side` with Pillow's bicubic filter, then cuts the long one.
    """
    width, height = image.size
    short = min(width, height)
    image = image.resize((side * width // short, side * height // short), Image.Resampling.BICUBIC)
    left, top = round((image.width - side) / 2), round((image.height - side) / 2)
    return np.asarray(image.crop((left, top, left + side, top + side)))


def seen(data, side=SIDE):
    """An encoded picture as the model sees it, before normalization: uint8 [side, side, 3]."""
    return crop(Image.open(io.BytesIO(data)).convert("RGB"), side)


def normalize(crops):
    """uint8 [B, H, W, 3] to float [B, 3, H, W] with mean and deviation 0.5."""
    return (crops.permute(0, 3, 1, 2).float() / 255 - 0.5) / 0.5
