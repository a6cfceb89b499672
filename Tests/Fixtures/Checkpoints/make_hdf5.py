"""Writes the fixtures of the HDF5 reader: needs h5py and NumPy, nothing else.

`keras-*.h5` hold a small model of random numbers as Keras 2.1.5 saves the blog's VisionTransformer, and
`keras-as-timm.npz` the same tensors under timm's names. What lies under `hdf5/` is sound or hostile as its name says.
"""

import pathlib

import h5py
import numpy as np

here = pathlib.Path(__file__).parent
a = (np.arange(24, dtype=np.float32).reshape(2, 3, 4) / 8 - 1).astype(np.float32)


def keras_model(rng, width=6, depth=2, hidden=10, classes=3, patch=4):
    """Layers in order, each with its variables as Keras has them, and the same tensors as timm has them."""
    def normal(*shape): return rng.standard_normal(shape).astype(np.float32)
    layers, timm = [], {}

    def dense(name, i, o):
        kernel, bias = normal(i, o), normal(o)
        layers.append((name, [("kernel:0", kernel), ("bias:0", bias)]))
        timm[name + ".weight"], timm[name + ".bias"] = np.ascontiguousarray(kernel.T), bias

    def norm(name):
        gamma, beta = normal(width), normal(width)
        layers.append((name, [("gamma:0", gamma), ("beta:0", beta)]))
        timm[name + ".weight"], timm[name + ".bias"] = gamma, beta

    layers.append(("input_1", []))
    kernel, bias = normal(patch, patch, 3, width), normal(width)
    layers.append(("patch_embed.proj", [("kernel:0", kernel), ("bias:0", bias)]))
    timm["patch_embed.proj.weight"], timm["patch_embed.proj.bias"] = np.ascontiguousarray(kernel.transpose(3, 2, 0, 1)), bias
    for layer, variable, name, shape in [("cls_token", "cls:0", "cls_token", (1, 1, width)), ("pos_embed", "pos_embedding:0", "pos_embed", (1, 5, width))]:
        timm[name] = normal(*shape)
        layers.append((layer, [(variable, timm[name])]))
    for i in range(depth):
        block = f"blocks.{i}"
        norm(block + ".norm1")
        dense(block + ".attn.qkv", width, 3 * width)
        dense(block + ".attn.proj", width, width)
        norm(block + ".norm2")
        dense(block + ".mlp.fc1", width, hidden)
        dense(block + ".mlp.fc2", hidden, width)
    norm("norm")
    dense("head", width, classes)
    return layers, timm


def save_weights(group, layers, **options):
    """`Model.save_weights` of Keras 2.1.5."""
    group.attrs["layer_names"] = np.array([name.encode() for name, _ in layers])
    group.attrs["backend"], group.attrs["keras_version"] = b"tensorflow", b"2.1.5"
    for name, variables in layers:
        layer = group.create_group(name)
        layer.attrs["weight_names"] = np.array([f"{name}/{variable}".encode() for variable, _ in variables] or [], dtype="S")
        for variable, value in variables:
            layer.create_dataset(f"{name}/{variable}", data=value, **options)


def keras():
    layers, timm = keras_model(np.random.default_rng(9))
    np.savez(here / "keras-as-timm.npz", **timm)
    with h5py.File(here / "keras-weights.h5", "w") as file:
        save_weights(file, layers)
    with h5py.File(here / "keras-model.h5", "w", libver=("earliest", "v110")) as file:
        file.attrs["model_config"] = b'{"class_name": "Lambda", "config": {"function": "never evaluated"}}'
        save_weights(file.create_group("model_weights"), layers, chunks=True, compression="gzip", shuffle=True)
        optimizer = file.create_group("optimizer_weights")
        optimizer.create_dataset("Adam/iterations:0", data=np.int64(7))
        optimizer.create_dataset("Adam/m_0:0", data=np.ones(4, np.float32))


def checksum(data):
    """lookup3 of Bob Jenkins (public domain), with which HDF5 guards its structures."""
    mask = 0xFFFFFFFF
    def turn(x, k): return ((x << k) | (x >> (32 - k))) & mask
    a = b = c = (0xDEADBEEF + len(data)) & mask
    words = [int.from_bytes(data[i:i + 4], "little") for i in range(0, len(data), 4)]
    words += [0] * (-len(words) % 3)
    for i in range(0, len(words), 3):
        a, b, c = (a + words[i]) & mask, (b + words[i + 1]) & mask, (c + words[i + 2]) & mask
        if i + 3 < len(words):
            a = (a - c) & mask ^ turn(c, 4); c = (c + b) & mask
            b = (b - a) & mask ^ turn(a, 6); a = (a + c) & mask
            c = (c - b) & mask ^ turn(b, 8); b = (b + a) & mask
            a = (a - c) & mask ^ turn(c, 16); c = (c + b) & mask
            b = (b - a) & mask ^ turn(a, 19); a = (a + c) & mask
            c = (c - b) & mask ^ turn(b, 4); b = (b + a) & mask
    for x, y, k in [(2, 1, 14), (0, 2, 11), (1, 0, 25), (2, 1, 16), (0, 2, 4), (1, 0, 14), (2, 1, 24)]:
        values = [a, b, c]
        values[x] = ((values[x] ^ values[y]) - turn(values[y], k)) & mask
        a, b, c = values
    return c


def containers():
    folder = here / "hdf5"
    folder.mkdir(exist_ok=True)

    def write(name, fill, **options):
        with h5py.File(folder / (name + ".h5"), "w", **options) as file: fill(file)

    def encodings(file):
        for name, value in {"f2": a.astype("<f2"), "f4": a, "f8": a.astype("<f8"), "big": a.astype(">f4"), "big2": a.astype(">f2")}.items():
            file["group/" + name] = value
        file.create_dataset("gzip", data=a, compression="gzip", shuffle=True, chunks=(1, 3, 4))
        file.create_dataset("chunked", data=a, chunks=(1, 2, 3))
        file["scalar"], file["empty"], file["ids"] = np.float32(2.5), np.zeros((0, 3), np.float32), np.arange(3)
        bfloat = h5py.h5t.IEEE_F32LE.copy()
        bfloat.set_fields(15, 7, 8, 0, 7); bfloat.set_size(2); bfloat.set_ebias(127)
        h5py.h5d.create(file.id, b"bf16", bfloat, h5py.h5s.create_simple(a.shape)).write(h5py.h5s.ALL, h5py.h5s.ALL, (a.view(np.uint32) >> 16).astype(np.uint16), mtype=bfloat)
    write("encodings", encodings)

    def of(name, value, **options): return lambda file: file.create_dataset(name, data=value, **options)

    def external_storage(file):
        file.create_dataset("w", (4,), np.float32, external=[("../f4.npy", 128, 16)])
    write("external-storage", external_storage)
    def link(value):
        def fill(file): file["w"] = a; file["l"] = value
        return fill
    write("external-link", link(h5py.ExternalLink("../keras-weights.h5", "/norm")))
    write("soft-link", link(h5py.SoftLink("/w")))
    def virtual(file):
        layout = h5py.VirtualLayout((24,), np.float32)
        layout[:] = h5py.VirtualSource("../keras-weights.h5", "norm/norm/gamma:0", (24,))
        file.create_virtual_dataset("w", layout)
    write("virtual", virtual)
    write("lzf", of("w", a, compression="lzf"))
    write("fletcher32", of("w", a, fletcher32=True))
    write("scaleoffset", of("w", np.arange(24), scaleoffset=3))
    write("strings", of("w", ["a", "bc"], dtype=h5py.string_dtype()))
    write("fixed-strings", of("w", np.array([b"a", b"bc"])))
    write("compound", of("w", np.zeros(2, [("x", "<f4"), ("y", "<i4")])))
    write("complex", of("w", np.zeros(2, np.complex64)))
    write("bools", of("w", np.zeros(2, bool)))
    write("extended", of("w", np.zeros(2, np.longdouble)))
    def reference(file): file.create_dataset("w", data=[file.ref], dtype=h5py.ref_dtype)
    write("references", reference)
    def never_written(file): file.create_dataset("w", (1 << 40,), np.float32, chunks=(1024,))
    write("never-written", never_written)
    def bomb(file): file.create_dataset("w", (1 << 40,), np.float32, chunks=(1024,), compression="gzip")[:1024] = 1
    write("never-written-gzip", bomb)
    def zeros(file): file.create_dataset("w", data=np.zeros(1 << 22, np.float32), chunks=(1 << 20,), compression="gzip", compression_opts=9)
    write("bomb", zeros)
    def aliases(file):
        file["w0"] = np.zeros(1024, np.float32)
        for i in range(1, 40): file[f"w{i}"] = file["w0"]
    write("aliases", aliases, libver=("v108", "v110"))
    def cycle(file):
        group = file.create_group("g/h")
        file["w"] = a
        group["up"] = file["g"]; group["root"] = file["/"]
    write("cycle", cycle)
    write("deep", lambda file: file.create_group("/".join("g" * 70)))
    def named(name):
        def fill(file): file.create_dataset(name, data=a)
        return fill
    write("quote", named('a"b'))
    write("newline", named("a\nb"))
    write("accent", named("é"))
    write("no-datasets", lambda file: None)
    write("user-block", of("w", a), userblock_size=512)
    # A group whose index says that it has 100,001 names; the index' checksum says so too.
    path = folder / "many.h5"
    write("many", aliases, libver=("v108", "v110"))
    data = bytearray(path.read_bytes())
    index = next(i for i in range(len(data)) if data[i:i + 4] == b"BTHD" and data[i + 5] == 5)
    assert checksum(data[index:index + 34]) == int.from_bytes(data[index + 34:index + 38], "little")
    data[index + 26:index + 34] = (100_001).to_bytes(8, "little")
    data[index + 34:index + 38] = checksum(data[index:index + 34]).to_bytes(4, "little")
    path.write_bytes(data)


keras()
containers()
