"""timm's models in PyTorch on the same device in the same run: eager and compiled, a tab-separated line a result.

Times for each: from bytes in the device's memory to logits there, near to how such numbers are published, and from
bytes in (pinned) host memory to logits in host memory, which is what `fovea bench` measures; then in a stream of
batches, each begun before the one before is answered, its bytes copied beside the computation. Weights are random.
"""

from __future__ import annotations

import argparse
import re
import statistics
import time
from typing import Any, Callable

import torch

try:
    import timm
except Exception:  # noqa: BLE001  also where it is there, and what it imports does not fit this torch
    timm = None

WIDTHS = {"tiny": (192, 12, 3), "small": (384, 12, 6), "base": (768, 12, 12), "large": (1024, 24, 16)}


class Block(torch.nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = torch.nn.LayerNorm(width, 1e-6), torch.nn.LayerNorm(width, 1e-6)
        self.qkv, self.proj = torch.nn.Linear(width, 3 * width), torch.nn.Linear(width, width)
        self.fc1, self.fc2 = torch.nn.Linear(width, 4 * width), torch.nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        x = x + self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))
        return x + self.fc2(torch.nn.functional.gelu(self.fc1(self.norm2(x))))


class VisionTransformer(torch.nn.Module):
    """What timm's module computes, where there is no timm."""

    def __init__(self, width: int, depth: int, heads: int, patch: int, size: int) -> None:
        super().__init__()
        self.patches = torch.nn.Conv2d(3, width, patch, patch)
        self.token = torch.nn.Parameter(torch.zeros(1, 1, width))
        self.positions = torch.nn.Parameter(0.02 * torch.randn(1, (size // patch) ** 2 + 1, width))
        self.blocks = torch.nn.Sequential(*(Block(width, heads) for _ in range(depth)))
        self.norm, self.head = torch.nn.LayerNorm(width, 1e-6), torch.nn.Linear(width, 1000)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        x = self.patches(pixels).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], dim=1) + self.positions
        return self.head(self.norm(self.blocks(x))[:, 0])


def create(name: str) -> tuple[torch.nn.Module, int]:
    """The model and the size of its pictures."""
    described = re.fullmatch(r"vit_(tiny|small|base|large)_patch(\d+)_(\d+)", name)
    if timm is not None:
        model = timm.create_model(name)
        return model, model.patch_embed.img_size[0]
    if described is None:
        raise SystemExit(f"there is no timm, and {name} is not among the plain models that are known without it")
    width, depth, heads = WIDTHS[described[1]]
    size = int(described[3])
    return VisionTransformer(width, depth, heads, int(described[2]), size), size


class Pictures(torch.nn.Module):
    """Bytes to logits: the same normalization that Fovea does on the device."""

    def __init__(self, model: torch.nn.Module, precision: torch.dtype) -> None:
        super().__init__()
        self.model, self.precision = model, precision

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        scaled = pixels.permute(0, 3, 1, 2).to(self.precision) / 127.5 - 1
        return self.model(scaled.contiguous()).float()


def milliseconds(run: Callable[[], Any], wait: Callable[[], None], seconds: float) -> float:
    """The median over passes of this many seconds, five at least."""
    for _ in range(3):
        run()
    wait()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 5 or time.perf_counter() < end:
        start = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - start)
    return 1000 * statistics.median(times)


def streamed(whole: Callable[[Any], Any], pictures: torch.Tensor, device: str, seconds: float) -> float:
    """The mean over a stream of passes with two under way, from pinned memory to pinned memory."""
    copies = torch.cuda.Stream()

    def begin() -> tuple[torch.Tensor, Any]:
        compute = torch.cuda.current_stream()
        with torch.cuda.stream(copies):
            resident = pictures.to(device, non_blocking=True)
        compute.wait_stream(copies)
        resident.record_stream(compute)
        logits = whole(resident)
        answer = torch.empty(logits.shape, dtype=logits.dtype, pin_memory=True)
        answer.copy_(logits, non_blocking=True)
        done = torch.cuda.Event()
        done.record()
        return answer, done

    under_way = [begin(), begin()]
    # The first four do not count.
    runs, start, now = -4, 0.0, 0.0
    while runs < 5 or now < start + seconds:
        under_way.pop(0)[1].synchronize()
        runs, now = runs + 1, time.perf_counter()
        if runs == 0:
            start = now
        under_way.append(begin())
    torch.cuda.synchronize()
    return 1000 * (now - start) / runs


def measure(name: str, mode: str, precision: str, batch: int, given: argparse.Namespace) -> None:
    torch.manual_seed(224)
    torch._dynamo.reset()
    dtype = getattr(torch, precision)
    model, size = create(name)
    whole: torch.nn.Module = Pictures(model.eval().to(given.device, dtype), dtype)
    if mode != "eager":
        # A graph for each batch: fixed sizes are compiled best.
        whole = torch.compile(whole, dynamic=False, mode=None if mode == "compiled" else mode)
    pictures = torch.randint(0, 256, (batch, size, size, 3), dtype=torch.uint8)
    has_gpu = given.device.startswith("cuda")
    if has_gpu:
        pictures = pictures.pin_memory()
    wait = torch.cuda.synchronize if has_gpu else lambda: None
    with torch.inference_mode():
        resident = pictures.to(given.device)
        inside = milliseconds(lambda: whole(resident), wait, given.seconds)
        outside = milliseconds(lambda: whole(pictures.to(given.device, non_blocking=True)).cpu(), wait, given.seconds)
        cells = []
        if has_gpu:
            stream = streamed(whole, pictures, given.device, given.seconds)
            cells = [f"{stream:.3f}", f"{1000 * batch / stream:.1f}"]
    print(name, mode, precision, batch, f"{inside:.3f}", f"{1000 * batch / inside:.1f}", f"{outside:.3f}",
          f"{1000 * batch / outside:.1f}", *cells, sep="\t", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("model")
    parser.add_argument("--batch-sizes", default="1,8,14,28,57,114")
    parser.add_argument("--precisions", default="bfloat16,float16")
    parser.add_argument("--modes", default="eager,compiled", help="eager, compiled, or a mode of torch.compile")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--seconds", type=float, default=1, help="to measure each number")
    parser.add_argument("--until", type=float, default=float("inf"), help="seconds after which no row is begun")
    given = parser.parse_args()
    begin = time.monotonic()
    if given.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("PyTorch sees no GPU")
    torch.backends.cuda.matmul.allow_tf32 = False  # float32 is float32, as it is in Fovea
    where = torch.cuda.get_device_name() if given.device.startswith("cuda") else given.device
    made = f"timm {timm.__version__}" if timm is not None else "no timm: a plain module that computes the same"
    print(f"# PyTorch {torch.__version__}, {made}, {where}", flush=True)
    print("# model, mode, precision, batch, ms and images/s on the device, ms and images/s from and to the host, "
          "ms and images/s in a stream", flush=True)
    failures = 0
    batches = sorted((int(batch) for batch in given.batch_sizes.split(",")), reverse=True)
    for precision in given.precisions.split(","):
        for mode in given.modes.split(","):
            for batch in batches:
                if time.monotonic() - begin > given.until:
                    print(f"# the time was up before {mode} {precision} {batch}", flush=True)
                    return
                try:
                    measure(given.model, mode, precision, batch, given)
                except Exception as error:  # noqa: BLE001  one row that fails is told, and the others measured
                    failures += 1
                    print(f"# {mode} {precision} {batch}: {str(error).splitlines()[0] if str(error) else error!r}", flush=True)
    if failures:
        raise SystemExit(f"{failures} rows failed")


if __name__ == "__main__":
    main()
