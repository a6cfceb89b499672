#!/usr/bin/env python3
"""Trains the built-in model `demo` on pictures from draw.py and exports it as a Hub folder that timm can read.

    python3 Examples/train.py --work /some/scratch/folder
"""

import argparse
import json
import math
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import save_file
from torch import nn

import draw
import model as demo

CHUNK = 100 * len(draw.CLASSES)
TRAINING_SEED, VALIDATION_SEED = 1, 2  # evaluate.py draws with other seeds
CELLS = 4  # a side of a patch's contour map


def drawn(seed, chunk, work):
    """Chunk number `chunk` of the pictures of `seed`, drawn once and kept in `work`.

    Crops, uint8 [CHUNK, 64, 64, 3], and contour maps, uint8 [CHUNK, 32, 32]: where the inside of the figure is.
    Training pictures are drawn at half size, which takes a quarter of the time; the model sees 64 pixels anyway.
    """
    file = work / f"pictures-{seed}-{chunk:04}.npz"
    if not file.exists():
        crops, maps = [], []
        for index in range(chunk * CHUNK, (chunk + 1) * CHUNK):
            rng = np.random.default_rng([seed, index])
            image, inside = draw.draw(draw.CLASSES[index % len(draw.CLASSES)], rng, scale=0.5)
            crops.append(demo.seen(draw.encoded(image, rng)[1]))
            inside = np.zeros(image.size[::-1]) if inside is None else inside
            inside = demo.crop(Image.fromarray((inside * 255).astype(np.uint8)))
            maps.append(np.asarray(Image.fromarray(inside).reduce(demo.PATCH // CELLS)))
        partial = file.with_suffix(".partial.npz")
        np.savez(partial, crops=np.stack(crops), maps=np.stack(maps))
        partial.rename(file)
    return [torch.from_numpy(array) for array in np.load(file).values()]


def pool(seed, chunks, work):
    """Crops, contour maps and labels of several chunks; the classes take turns."""
    crops, maps = (torch.cat(parts) for parts in zip(*(drawn(seed, chunk, work) for chunk in range(chunks))))
    return crops, maps, torch.arange(len(crops)) % len(draw.CLASSES)


def varied(x, maps):
    """A batch under changes that keep every class: a symmetry of the square, channels exchanged."""
    x, turns = x[:, torch.randperm(3)], int(torch.randint(4, ()))
    if torch.rand(()) < 0.5:
        x, maps = x.flip(3), maps.flip(2)
    return torch.rot90(x, turns, (2, 3)).contiguous(), torch.rot90(maps, turns, (1, 2))


class Contours(nn.Module):
    """A teacher for training only: each patch token tells, halfway up, which of its cells lie inside the figure.

    A class label says little about a picture, this map says a lot: with it the model learns from far fewer pictures.
    """

    def __init__(self, model):
        super().__init__()
        self.norm = nn.LayerNorm(demo.WIDTH)
        self.head = nn.Linear(demo.WIDTH, CELLS**2)
        model.blocks[demo.DEPTH // 2 - 1].register_forward_hook(self.keep)

    def keep(self, block, inputs, output):
        self.tokens = output[:, 1:]

    def loss(self, maps, chosen):
        """Cross-entropy against `maps` [B, 32, 32], over the pictures that are `chosen`."""
        grid = demo.SIDE // demo.PATCH
        cells = maps.reshape(-1, grid, CELLS, grid, CELLS).transpose(2, 3).reshape(-1, grid * grid, CELLS**2)
        answers = self.head(self.norm(self.tokens))
        return F.binary_cross_entropy_with_logits(answers[chosen], cells[chosen].float() / 255)


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalized by five Newton-Schulz steps (Jordan, 2024), for hidden matrices."""

    def __init__(self, parameters, lr, momentum=0.95, weight_decay=0.05):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p].setdefault("momentum", torch.zeros_like(p))
                state.lerp_(p.grad, 1 - group["momentum"])
                x = p.grad.lerp(state, group["momentum"])
                tall = x.shape[0] > x.shape[1]
                x = x.T if tall else x
                x = x / (x.norm() + 1e-7)
                for _ in range(5):
                    gram = x @ x.T
                    x = 3.4445 * x + (-4.775 * gram + 2.0315 * gram @ gram) @ x
                x = x.T if tall else x
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(x, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)


@torch.no_grad()
def accuracy(model, crops, labels):
    model.eval()
    right = sum(
        (model(demo.normalize(crops[k : k + 200])).argmax(1) == labels[k : k + 200]).sum().item()
        for k in range(0, len(crops), 200)
    )
    model.train()
    return right / len(crops)


def export(model, folder=demo.FOLDER):
    """Writes model.safetensors in float16 and config.json in the layout that timm puts on the Hub."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().half().contiguous() for name, tensor in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    configuration = {
        "architecture": "vit_tiny_patch16_224",
        "num_classes": len(draw.CLASSES),
        "num_features": demo.WIDTH,
        "global_pool": "token",
        "model_args": {
            "img_size": demo.SIDE,
            "patch_size": demo.PATCH,
            "embed_dim": demo.WIDTH,
            "depth": demo.DEPTH,
            "num_heads": demo.HEADS,
        },
        "label_names": draw.CLASSES,
        "label_descriptions": draw.DESCRIPTIONS,
        "pretrained_cfg": {
            "tag": "fovea_demo",
            "custom_load": False,
            "input_size": [3, demo.SIDE, demo.SIDE],
            "fixed_input_size": True,
            "interpolation": "bicubic",
            "crop_pct": 1.0,
            "crop_mode": "center",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "num_classes": len(draw.CLASSES),
            "pool_size": None,
            "first_conv": "patch_embed.proj",
            "classifier": "head",
            "license": None,
        },
    }
    (folder / "config.json").write_text(json.dumps(configuration, indent=2) + "\n")


def train(arguments):
    torch.manual_seed(0)
    torch.set_num_threads(arguments.threads)
    crops, maps, labels = pool(TRAINING_SEED, arguments.chunks, arguments.work)
    unseen_crops, _, unseen_labels = pool(VALIDATION_SEED, 1, arguments.work)
    figures = torch.tensor([draw.BY_NAME[name] in draw.FIGURES for name in draw.CLASSES])
    model = demo.load(arguments.start).train() if arguments.start else demo.VisionTransformer()
    contours = Contours(model)
    hidden = [p for p in model.blocks.parameters() if p.ndim == 2]
    known = {id(p) for p in hidden}
    optimizers = [
        Muon(hidden, lr=arguments.rate),
        torch.optim.AdamW(
            [p for p in [*model.parameters(), *contours.parameters()] if id(p) not in known],
            lr=0.15 * arguments.rate,
            weight_decay=0.01,
        ),
    ]
    peaks = [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]
    steps, begin, smooth = arguments.steps, time.time(), math.log(len(draw.CLASSES))
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        if len(order) < arguments.batch:
            order = torch.randperm(len(crops))
        picks, order = order[: arguments.batch], order[arguments.batch :]
        scale = min((step + 1) / 100, (steps - step) / max(1, steps - 100))  # up for 100 steps, then straight to 0
        for group, peak in zip((g for o in optimizers for g in o.param_groups), peaks):
            group["lr"] = peak * scale
        x, inside = varied(demo.normalize(crops[picks]), maps[picks])
        loss = F.cross_entropy(model(x), labels[picks], label_smoothing=0.05)
        shown = contours.loss(inside, figures[labels[picks]])
        for optimizer in optimizers:
            optimizer.zero_grad()
        (loss + arguments.contours * shown).backward()
        for optimizer in optimizers:
            optimizer.step()
        smooth += 0.02 * (loss.item() - smooth)
        if (step + 1) % arguments.every == 0 or step + 1 == steps:
            score = accuracy(model, unseen_crops, unseen_labels)
            print(
                f"step {step + 1}/{steps}  {time.time() - begin:.0f} s  loss {smooth:.3f}"
                f"  contours {shown.item():.3f}  unseen {score:.4f}",
                flush=True,
            )
            export(model, arguments.output)


def main():
    parser = argparse.ArgumentParser(description="Trains and exports the demo model.")
    parser.add_argument("--work", type=Path, required=True, help="a scratch folder for drawn pictures")
    parser.add_argument("--output", type=Path, default=demo.FOLDER, help="where the model goes")
    parser.add_argument("--start", type=Path, help="an exported model to go on from")
    parser.add_argument("--chunks", type=int, default=12, help=f"training pictures, in units of {CHUNK}")
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.01, help="Muon's learning rate")
    parser.add_argument("--contours", type=float, default=2.0, help="the weight of the contour loss")
    parser.add_argument("--every", type=int, default=250, help="steps between exports")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--draw-only", action="store_true", help="draw the pictures and stop")
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    if arguments.draw_only:
        for seed, chunks in ((VALIDATION_SEED, 1), (TRAINING_SEED, arguments.chunks)):
            for chunk in range(chunks):
                drawn(seed, chunk, arguments.work)
    else:
        train(arguments)


if __name__ == "__main__":
    main()
