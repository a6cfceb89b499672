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
from safetensors.torch import save_file

import draw
import model as demo

CHUNK = 100 * len(draw.CLASSES)
TRAINING_SEED, VALIDATION_SEED = 1, 2  # evaluate.py draws with other seeds


def drawn(seed, chunk, work):
    """The pictures of one chunk as the model sees them, uint8 [CHUNK, H, W, 3], drawn once and kept in `work`."""
    file = work / f"pictures-{seed}-{chunk:04}.npy"
    if not file.exists():
        crops = np.stack([demo.crop(draw.picture(seed, chunk * CHUNK + k)[2]) for k in range(CHUNK)])
        np.save(file.with_suffix(".partial.npy"), crops)
        file.with_suffix(".partial.npy").rename(file)
    return torch.from_numpy(np.load(file))


def pool(seed, chunks, work):
    """Crops and labels of several chunks; the classes take turns."""
    crops = torch.cat([drawn(seed, chunk, work) for chunk in range(chunks)])
    return crops, torch.arange(len(crops)) % len(draw.CLASSES)


def varied(x):
    """A batch under changes that keep every class: the square's symmetries, exchanged and inverted colors."""
    x = x[:, torch.randperm(3)]
    if torch.rand(()) < 0.5:
        x = x.flip(3)
    x = torch.rot90(x, int(torch.randint(4, ())), (2, 3))
    sign = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, -1.0, 1.0)
    gain, shift = 1 + 0.4 * (torch.rand(len(x), 1, 1, 1) - 0.5), 0.3 * (torch.rand(len(x), 3, 1, 1) - 0.5)
    return (x * sign * gain + shift).contiguous()


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalized by five Newton-Schulz steps (Jordan et al., 2024), for hidden matrices."""

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
        (model(demo.normalize(crops[k : k + 210])).argmax(1) == labels[k : k + 210]).sum().item()
        for k in range(0, len(crops), 210)
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
    crops, labels = pool(TRAINING_SEED, arguments.chunks, arguments.work)
    unseen = pool(VALIDATION_SEED, 1, arguments.work)
    model = demo.load(arguments.start).train() if arguments.start else demo.VisionTransformer()
    hidden = [p for p in model.blocks.parameters() if p.ndim == 2]
    known = {id(p) for p in hidden}
    optimizers = [
        Muon(hidden, lr=arguments.rate),
        torch.optim.AdamW([p for p in model.parameters() if id(p) not in known], lr=1e-3, weight_decay=0.01),
    ]
    peaks = [group["lr"] for optimizer in optimizers for group in optimizer.param_groups]
    steps, begin, smooth = arguments.steps, time.time(), math.log(len(draw.CLASSES))
    order = torch.empty(0, dtype=torch.long)
    for step in range(steps):
        if len(order) < arguments.batch:
            order = torch.randperm(len(crops))
        picks, order = order[: arguments.batch], order[arguments.batch :]
        scale = min(1, (step + 1) / 200) * min(1, (steps - step) / (0.5 * steps))
        for group, peak in zip((g for o in optimizers for g in o.param_groups), peaks):
            group["lr"] = peak * scale
        loss = F.cross_entropy(model(varied(demo.normalize(crops[picks]))), labels[picks], label_smoothing=0.05)
        for optimizer in optimizers:
            optimizer.zero_grad()
        loss.backward()
        for optimizer in optimizers:
            optimizer.step()
        smooth += 0.02 * (loss.item() - smooth)
        if (step + 1) % arguments.every == 0 or step + 1 == steps:
            score = accuracy(model, *unseen)
            print(f"step {step + 1}/{steps}  {time.time() - begin:.0f} s  loss {smooth:.3f}  unseen {score:.4f}", flush=True)
            export(model, arguments.output)


def main():
    parser = argparse.ArgumentParser(description="Trains and exports the demo model.")
    parser.add_argument("--work", type=Path, required=True, help="a scratch folder for drawn pictures")
    parser.add_argument("--output", type=Path, default=demo.FOLDER, help="where the model goes")
    parser.add_argument("--start", type=Path, help="an exported model to go on from")
    parser.add_argument("--chunks", type=int, default=30, help=f"training pictures, in units of {CHUNK}")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=0.02, help="Muon's learning rate")
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
