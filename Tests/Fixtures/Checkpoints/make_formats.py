"""Writes the fixtures of the .npz and PyTorch readers: needs NumPy and PyTorch, nothing else.

`a` is the array of the other fixtures, arange(24).reshape(2, 3, 4) / 8 - 1. The JAX models hold random numbers; beside each
lies what timm's loader makes of it (`NAME-as-timm.npz`), written out here with NumPy as `_load_weights` of
huggingface/pytorch-image-models does it.
"""

import argparse
import collections
import io
import pathlib
import pickle
import zipfile

import numpy as np
import torch

here = pathlib.Path(__file__).parent
a = (np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 8 - 1).astype(np.float32)


def bfloat16(x):
    """Rounded to bfloat16 and written as NumPy writes JAX's: two bytes without a type."""
    return torch.from_numpy(np.ascontiguousarray(x)).to(torch.bfloat16).view(torch.int16).numpy().view("V2")


def npz():
    arrays = {
        "f2": a.astype(np.float16), "f4": a, "f8": a.astype(np.float64), "big": a.astype(">f4"),
        "fortran": np.asfortranarray(a), "bf16": bfloat16(a), "dir/part": a, "ids": np.arange(3), "scalar": np.float32(2.5),
    }
    np.savez(here / "arrays.npz", **arrays)
    np.savez_compressed(here / "arrays-deflated.npz", **arrays)
    np.savez(here / "object.npz", a=np.array([{}], dtype=object))
    np.savez_compressed(here / "bomb.npz", zeros=np.zeros(1 << 20, np.float32))
    # Sizes and checksums behind the content: what zipfile writes where it cannot seek.
    class Pipe(io.RawIOBase):
        def __init__(self): self.data = bytearray()
        def writable(self): return True
        def write(self, b): self.data += bytes(b); return len(b)
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        with archive.open("f4.npy", "w") as member:
            np.lib.format.write_array(member, a)
        archive.writestr("note.txt", "not an array")
    (here / "arrays-streamed.npz").write_bytes(pipe.data)


def jax_model(rng, width, heads, depth, classes, patch, pooling, root_positions):
    """A flat tree of JAX parameters, AugReg's names where `pooling` is token, else big_vision's."""
    def normal(*shape): return rng.standard_normal(shape).astype(np.float32)
    head, hidden = width // heads, 2 * width
    is_augreg = pooling == "token"
    tree = {"embedding/kernel": normal(patch, patch, 3, width), "embedding/bias": normal(width)}
    if is_augreg: tree["cls"] = normal(1, 1, width)
    tree["pos_embedding" if root_positions else "Transformer/posembed_input/pos_embedding"] = normal(1, 4 + is_augreg, width)

    def attention(path):
        for part in ("query", "key", "value"):
            tree[f"{path}/{part}/kernel"] = normal(width, heads, head)
            tree[f"{path}/{part}/bias"] = normal(heads, head)
        tree[f"{path}/out/kernel"] = normal(heads, head, width)
        tree[f"{path}/out/bias"] = normal(width)

    def norm(path): tree[path + "/scale"], tree[path + "/bias"] = normal(width), normal(width)

    def dense(path, i, o): tree[path + "/kernel"], tree[path + "/bias"] = normal(i, o), normal(o)

    for i in range(depth):
        block = f"Transformer/encoderblock_{i}"
        norm(block + "/LayerNorm_0")
        attention(f"{block}/MultiHeadDotProductAttention_{1 if is_augreg else 0}")
        norm(f"{block}/LayerNorm_{2 if is_augreg else 1}")
        dense(f"{block}/MlpBlock_{3 if is_augreg else 0}/Dense_0", width, hidden)
        dense(f"{block}/MlpBlock_{3 if is_augreg else 0}/Dense_1", hidden, width)
    norm("Transformer/encoder_norm")
    if pooling == "map":
        tree["MAPHead_0/probe"] = normal(1, 1, width)
        attention("MAPHead_0/MultiHeadDotProductAttention_0")
        norm("MAPHead_0/LayerNorm_0")
        dense("MAPHead_0/MlpBlock_0/Dense_0", width, hidden)
        dense("MAPHead_0/MlpBlock_0/Dense_1", hidden, width)
    if classes: dense("head", width, classes)
    return tree


def as_timm(tree, depth):
    """The same parameters as timm's loader leaves them in the model."""
    out = {}

    def put(name, value): out[name] = np.ascontiguousarray(value)

    def norm(name, path): put(name + ".weight", tree[path + "/scale"]); put(name + ".bias", tree[path + "/bias"])

    def dense(name, path): put(name + ".weight", tree[path + "/kernel"].T); put(name + ".bias", tree[path + "/bias"])

    def output(name, path):
        put(name + ".weight", tree[path + "/out/kernel"].transpose(2, 0, 1).reshape(tree[path + "/out/kernel"].shape[2], -1))
        put(name + ".bias", tree[path + "/out/bias"])

    def rows(name, path, parts):
        put(name + ".weight", np.concatenate([tree[f"{path}/{p}/kernel"].reshape(tree[f"{path}/{p}/kernel"].shape[0], -1).T for p in parts]))
        put(name + ".bias", np.concatenate([tree[f"{path}/{p}/bias"].reshape(-1) for p in parts]))

    if "cls" in tree: put("cls_token", tree["cls"])
    put("pos_embed", tree.get("pos_embedding", tree.get("Transformer/posembed_input/pos_embedding")))
    put("patch_embed.proj.weight", tree["embedding/kernel"].transpose(3, 2, 0, 1)); put("patch_embed.proj.bias", tree["embedding/bias"])
    numbers = (1, 2, 3) if "cls" in tree else (0, 1, 0)
    for i in range(depth):
        block, name = f"Transformer/encoderblock_{i}", f"blocks.{i}"
        attention = f"{block}/MultiHeadDotProductAttention_{numbers[0]}"
        norm(name + ".norm1", block + "/LayerNorm_0")
        rows(name + ".attn.qkv", attention, ("query", "key", "value"))
        output(name + ".attn.proj", attention)
        norm(name + ".norm2", f"{block}/LayerNorm_{numbers[1]}")
        dense(name + ".mlp.fc1", f"{block}/MlpBlock_{numbers[2]}/Dense_0")
        dense(name + ".mlp.fc2", f"{block}/MlpBlock_{numbers[2]}/Dense_1")
    norm("norm", "Transformer/encoder_norm")
    if "MAPHead_0/probe" in tree:
        attention = "MAPHead_0/MultiHeadDotProductAttention_0"
        put("attn_pool.latent", tree["MAPHead_0/probe"])
        rows("attn_pool.q", attention, ("query",))
        rows("attn_pool.kv", attention, ("key", "value"))
        output("attn_pool.proj", attention)
        norm("attn_pool.norm", "MAPHead_0/LayerNorm_0")
        dense("attn_pool.mlp.fc1", "MAPHead_0/MlpBlock_0/Dense_0")
        dense("attn_pool.mlp.fc2", "MAPHead_0/MlpBlock_0/Dense_1")
    if "head/kernel" in tree: dense("head", "head")
    return out


def stacked(tree, depth):
    out = {k: v for k, v in tree.items() if "encoderblock_" not in k}
    for key in [k for k in tree if "encoderblock_0/" in k]:
        out[key.replace("encoderblock_0", "encoderblock")] = np.stack([tree[key.replace("_0/", f"_{i}/", 1)] for i in range(depth)])
    return out


def jax():
    rng = np.random.default_rng(8)
    tree = jax_model(rng, width=8, heads=2, depth=2, classes=5, patch=4, pooling="token", root_positions=False)
    # What training code leaves beside the parameters.
    np.savez(here / "jax-augreg.npz", **{"opt/target/" + k: v for k, v in tree.items()}, **{"opt/state/step": np.int64(7)})
    np.savez(here / "jax-augreg-as-timm.npz", **as_timm(tree, 2))
    tree = jax_model(rng, width=6, heads=3, depth=3, classes=0, patch=2, pooling="map", root_positions=True)
    tree = {k: torch.from_numpy(v).to(torch.bfloat16).float().numpy() for k, v in tree.items()}
    towers = {"params/img/" + k: bfloat16(v) for k, v in stacked(tree, 3).items()}
    np.savez_compressed(here / "jax-siglip.npz", **towers, **{"params/txt/Embed_0/embedding": a, "params/t": np.float32(1)})
    np.savez(here / "jax-siglip-as-timm.npz", **as_timm(tree, 3))


def state():
    t = torch.from_numpy(a)
    shared = torch.arange(32, dtype=torch.float32) / 8 - 1
    return collections.OrderedDict(
        f32=t.clone(), f16=t.half(), bf16=t.bfloat16(), f64=t.double(), ids=torch.arange(3),
        transposed=t.permute(2, 1, 0).contiguous().permute(2, 1, 0), strided=torch.arange(96, dtype=torch.float32).reshape(2, 3, 16)[:, :, ::4] / 32 - 1,
        first=shared[:24].reshape(2, 3, 4), second=shared[8:], scalar=torch.tensor(2.5), empty=torch.zeros(0, 3),
        expanded=torch.tensor([[1.0], [2.0]]).expand(2, 3), parameter=torch.nn.Parameter(t.clone()))


def pth():
    torch.save(state(), here / "state.pth")
    torch.save(state(), here / "state-legacy.pth", _use_new_zipfile_serialization=False)
    arguments = argparse.Namespace(lr=1e-3, name="run", sizes=[1, 2], path=None)
    wrapped = {
        "model": {"module." + k: v for k, v in state().items()}, "epoch": 3, "args": arguments, "best": np.float64(81.5),
        "optimizer": {"state": {0: {"step": 5, "exp_avg": torch.ones(2)}}, "param_groups": [{"lr": 0.1, "betas": (0.9, 0.999)}]},
        "scaler": {}, "device": torch.device("cpu"), "size": torch.Size([1, 2]), "dtype": torch.float32,
    }
    torch.save(wrapped, here / "wrapped.pth")
    torch.save({"net": {"w": torch.ones(2)}, "epoch": 3}, here / "unknown-wrapper.pth")
    torch.save(torch.nn.Linear(2, 3), here / "whole-model.pth")
    torch.jit.save(torch.jit.script(torch.nn.ReLU()), here / "torchscript.pt")
    shards = here / "sharded-pytorch"
    shards.mkdir(exist_ok=True)
    torch.save({"f32": torch.from_numpy(a)}, shards / "pytorch_model-00001-of-00002.bin")
    torch.save({"f16": torch.from_numpy(a).half()}, shards / "pytorch_model-00002-of-00002.bin")
    (shards / "pytorch_model.bin.index.json").write_text(
        '{"metadata": {"total_size": 144}, "weight_map": {"f16": "pytorch_model-00002-of-00002.bin", "f32": "pytorch_model-00001-of-00002.bin"}}\n')


npz()
jax()
pth()
