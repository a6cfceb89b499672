"""Writes the pictures of this folder, index.json and expected.bin.

Everything expected comes from the reference libraries: Pillow decodes, turns and resamples; timm, transformers (Pillow
backend) and Pillow, for the Keras code's letterbox, run the recipes. Needs Pillow 13, numpy, torch, torchvision, timm
and transformers 5:

    python make_fixtures.py

expected.bin is the red, green, blue bytes of all expected pictures, one after another; index.json says which is where.
"""

import io
import json
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin

FOLDER = Path(__file__).parent
FILTERS = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
WIDTH, HEIGHT = 19, 11

PngImagePlugin.MAX_TEXT_CHUNK = 10_000_000  # So that Pillow reads text-bomb.png.

expected = bytearray()


def keep(image):
    """Appends an RGB picture to expected.bin and says where it is."""
    row = {"offset": len(expected), "width": image.width, "height": image.height}
    expected.extend(image.tobytes())
    return row


def drawing(width, height, seed):
    """A smooth ramp with noise and hard edges: every filter shows."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    planes = [255 * x / max(width - 1, 1), 255 * y / max(height - 1, 1), 127 + 127 * np.sin(x * 0.7 + y * 0.4)]
    pixels = np.stack(planes, -1) + random.normal(0, 30, (height, width, 3))
    pixels[height // 3 : height // 2, width // 4 : width // 2] = (255, 0, 64)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


# PNG, written by hand so that every color type, depth and interlacing occurs.


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def packed(samples, depth):
    """Rows of samples [h, w * channels] to filtered (type 0) scanlines."""
    lines = bytearray()
    for row in samples:
        bits = "".join(format(int(v), f"0{depth}b") for v in row)
        bits += "0" * (-len(bits) % 8)
        lines += b"\0" + int(bits, 2).to_bytes(len(bits) // 8, "big")
    return bytes(lines)


ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png(samples, depth, color, before=b"", after=b"", interlaced=False):
    """samples [h, w, channels]; before and after are chunks around IDAT."""
    height, width, channels = samples.shape
    flat = lambda part: part.reshape(part.shape[0], -1)
    if interlaced:
        parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7]
        data = b"".join(packed(flat(p), depth) for p in parts if p.size)
    else:
        data = packed(flat(samples), depth)
    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", zlib.compress(data, 9)) + after
        + chunk(b"IEND", b"")
    )


def samples(channels, depth, seed):
    random = np.random.default_rng(seed)
    values = random.integers(0, 1 << depth, (HEIGHT, WIDTH, channels))
    values[0, :4] = np.array([0, 1, (1 << depth) - 1, (1 << depth) // 2]).reshape(4, 1)
    return values


def palette(count, seed):
    return chunk(b"PLTE", np.random.default_rng(seed).integers(0, 256, count * 3, dtype=np.uint8).tobytes())


def exif(orientation, order="<", kind=3, count=1):
    mark = b"II*\0" if order == "<" else b"MM\0*"
    value = struct.pack(order + "HH", orientation, 0) if kind == 3 else struct.pack(order + "I", orientation)
    entries = [struct.pack(order + "HHI", 0x010F, 2, 4) + b"cam\0", struct.pack(order + "HHI", 0x0112, kind, count) + value]
    return mark + struct.pack(order + "IH", 8, len(entries)) + b"".join(entries) + struct.pack(order + "I", 0)


def png_files():
    files = {}
    for depth in (1, 2, 4, 8, 16):
        files[f"gray{depth}.png"] = png(samples(1, depth, depth), depth, 0)
    for depth in (8, 16):
        files[f"gray-alpha{depth}.png"] = png(samples(2, depth, depth), depth, 4)
        files[f"rgb{depth}.png"] = png(samples(3, depth, depth), depth, 2)
        files[f"rgba{depth}.png"] = png(samples(4, depth, depth), depth, 6)
    for depth in (1, 2, 4, 8):
        files[f"palette{depth}.png"] = png(samples(1, depth, depth), depth, 3, palette(1 << depth, depth))
    files["palette8-short.png"] = png(samples(1, 8, 9), 8, 3, palette(100, 9))
    files["palette4-transparent.png"] = png(samples(1, 4, 4), 4, 3, palette(16, 4) + chunk(b"tRNS", bytes(range(0, 160, 10))))
    files["gray8-transparent.png"] = png(samples(1, 8, 8), 8, 0, chunk(b"tRNS", b"\0\x01"))
    files["rgb8-transparent.png"] = png(samples(3, 8, 8), 8, 2, chunk(b"tRNS", b"\0\x01\0\x01\0\x01"))
    for name, channels, depth, color in [("gray1", 1, 1, 0), ("gray16", 1, 16, 0), ("rgb8", 3, 8, 2), ("rgba16", 4, 16, 6)]:
        files[f"{name}-interlaced.png"] = png(samples(channels, depth, 7), depth, color, interlaced=True)
    files["palette4-interlaced.png"] = png(samples(1, 4, 7), 4, 3, palette(16, 7), interlaced=True)
    metadata = chunk(b"gAMA", struct.pack(">I", 100000)) + chunk(b"tEXt", b"Title\0x") + chunk(b"iCCP", b"bad\0\0" + zlib.compress(b"no profile"))
    files["gamma-and-broken-profile.png"] = png(samples(3, 8, 3), 8, 2, metadata)
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 9_000_000, 9))
    files["text-bomb.png"] = png(samples(1, 8, 3), 8, 0, bomb)
    # An animation: its first picture is the one of IDAT.
    control = lambda n: chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, WIDTH, HEIGHT, 0, 0, 1, 10, 0, 0))
    second = chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(packed(samples(3, 8, 12).reshape(HEIGHT, -1), 8), 9))
    files["animated.png"] = png(
        samples(3, 8, 11), 8, 2, chunk(b"acTL", struct.pack(">II", 2, 0)) + control(0), control(1) + second)
    return files


def jpeg(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def without_adobe(data):
    start = data.index(b"\xff\xee")
    return data[:start] + data[start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0] :]


def with_adobe_transform(data, transform):
    place = data.index(b"Adobe") + 11
    return data[:place] + bytes([transform]) + data[place + 1 :]


def jpeg_files():
    picture = drawing(37, 27, 1)
    cmyk = Image.merge("CMYK", [drawing(21, 13, s).getchannel(0) for s in (2, 3, 4, 5)])
    files = {
        "420.jpg": jpeg(picture, quality=80, subsampling=2, optimize=True),
        "422.jpg": jpeg(picture, quality=80, subsampling=1, optimize=True),
        "444.jpg": jpeg(picture, quality=90, subsampling=0, optimize=True),
        "gray.jpg": jpeg(picture.convert("L"), quality=80, optimize=True),
        "progressive.jpg": jpeg(picture, quality=80, progressive=True),
        "restarts.jpg": jpeg(picture, quality=60, optimize=True, restart_marker_blocks=1),
        "rgb.jpg": jpeg(picture, quality=80, keep_rgb=True, optimize=True),
        "cmyk.jpg": jpeg(cmyk, quality=80, optimize=True),
    }
    files["cmyk-no-marker.jpg"] = without_adobe(files["cmyk.jpg"])
    files["ycck.jpg"] = with_adobe_transform(files["cmyk.jpg"], 2)
    files["trailing-data.jpg"] = files["gray.jpg"] + b"PK\x03\x04 and whatever else follows"
    return files


def webp(image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", **options)
    return buffer.getvalue()


def webp_files():
    picture = drawing(33, 25, 6)
    alpha = picture.copy()
    alpha.putalpha(drawing(33, 25, 8).getchannel(1))
    patch = Image.new("RGBA", (40, 30), (0, 0, 0, 0))
    patch.paste(alpha, (6, 4))
    files = {
        "lossy.webp": webp(picture, quality=70),
        "lossless.webp": webp(picture, lossless=True),
        "lossy-alpha.webp": webp(alpha, quality=70),
        "lossless-alpha.webp": webp(alpha, lossless=True, exact=True),
        # The encoder trims the empty border, so the first frame has an offset on its canvas.
        "animated.webp": webp(
            patch, save_all=True, append_images=[patch.transpose(Image.Transpose.ROTATE_180)], lossless=True,
            minimize_size=True),
        "animated-lossy.webp": webp(patch, save_all=True, append_images=[patch.rotate(180)], quality=60),
    }
    return files


def oriented_files():
    picture = np.asarray(drawing(7, 5, 21))
    files = {f"orientation{o}.png": png(picture, 8, 2, chunk(b"eXIf", exif(o))) for o in range(1, 9)}
    files["orientation6-after.png"] = png(picture, 8, 2, after=chunk(b"eXIf", exif(6, ">")))
    files["orientation8.jpg"] = jpeg(drawing(20, 12, 22), quality=80, optimize=True, exif=b"Exif\0\0" + exif(8, ">"))
    files["orientation3.webp"] = webp(drawing(20, 12, 23), lossless=True, exif=exif(3, "<"))
    # Ignored: a value out of range, a directory beyond the end, another type's size, no TIFF at all.
    files["orientation-bad-value.png"] = png(picture, 8, 2, chunk(b"eXIf", exif(9)))
    files["orientation-bad-offset.png"] = png(picture, 8, 2, chunk(b"eXIf", b"II*\0\xff\xff\xff\x7f"))
    files["orientation-own-offset.png"] = png(picture, 8, 2, chunk(b"eXIf", b"II*\0\x04\0\0\0" + b"\xff\xff" * 9))
    files["orientation-no-tiff.png"] = png(picture, 8, 2, chunk(b"eXIf", b"orientation: 6"))
    return files


def decoding_rows():
    rows = []
    for name, data in {**png_files(), **jpeg_files(), **webp_files()}.items():
        (FOLDER / name).write_bytes(data)
        rows.append({"file": name, **keep(Image.open(FOLDER / name).convert("RGB"))})
    return rows


def orientation_rows():
    rows = []
    for name, data in oriented_files().items():
        (FOLDER / name).write_bytes(data)
        stored = Image.open(FOLDER / name)
        # Pillow fails on an EXIF block that is no TIFF; browsers ignore it, and so does Fovea.
        upright = stored if "no-tiff" in name else ImageOps.exif_transpose(stored)
        rows.append({"file": name, **keep(upright.convert("RGB"))})
    return rows


def resampling_rows():
    rows = []
    targets = {
        (17, 23): [(6, 5), (31, 29), (17, 9), (5, 23), (1, 1), (9, 60), (40, 7), (17, 23)],
        (23, 17): [(6, 5), (12, 16)],
        (3, 400): [(7, 20)],
        (1, 1): [(4, 3)],
    }
    for size, wanted in targets.items():
        source = drawing(*size, seed=size[0])
        row = {"source": keep(source), "targets": []}
        for target in wanted:
            for name, code in FILTERS.items():
                row["targets"].append({"filter": name, **keep(source.resize(target, Image.Resampling(code)))})
        rows.append(row)
    return rows


def timm_recipe(size, pct, mode, interpolation, mean):
    from timm.data.transforms_factory import create_transform

    steps = create_transform(
        (3, *size), is_training=False, interpolation=interpolation, crop_pct=pct, crop_mode=mode, mean=mean,
        std=(0.5, 0.5, 0.5)).transforms[:-2]  # Without the conversion to a tensor and the normalization.

    def run(image):
        for step in steps:
            image = step(image)
        return image

    return run


def hugging_face_recipe(size, resample, crop):
    from transformers.models.bit.image_processing_pil_bit import BitImageProcessorPil

    processor = BitImageProcessorPil(
        size=size, resample=resample, crop_size=crop or {"height": 1, "width": 1}, do_center_crop=crop is not None,
        do_rescale=False, do_normalize=False)
    return lambda image: Image.fromarray(
        np.moveaxis(np.asarray(processor(image, return_tensors="np")["pixel_values"])[0], 0, -1))


def longest_recipe(size, interpolation):
    """open_clip's resize_mode 'longest'; its classes are timm's."""
    from timm.data.transforms import CenterCropOrPad, ResizeKeepRatio

    resize, crop = ResizeKeepRatio(size, longest=1, interpolation=interpolation), CenterCropOrPad(size, fill=0)
    return lambda image: crop(resize(image))


def letterbox_recipe(size, interpolation):
    """letterbox_image of bubbliiiing/classification-keras, from its description."""

    def run(image):
        height, width = size
        scale = min(width / image.width, height / image.height)
        inner = (int(image.width * scale), int(image.height * scale))
        canvas = Image.new("RGB", (width, height), (128, 128, 128))
        canvas.paste(image.resize(inner, FILTERS[interpolation]), ((width - inner[0]) // 2, (height - inner[1]) // 2))
        return canvas

    return run


def recipes():
    mean = (0.485, 0.456, 0.406)
    for size, pct, mode, interpolation in [
        ((12, 12), 0.9, "center", "bicubic"), ((12, 12), 1.3, "center", "bilinear"), ((10, 16), 0.95, "center", "lanczos"),
        ((12, 12), 0.8, "squash", "bicubic"), ((10, 15), 1.0, "squash", "box"), ((12, 12), 0.95, "border", "bicubic"),
        ((16, 9), 0.7, "border", "hamming"), ((11, 11), 0.875, "center", "nearest"),
    ]:
        row = {"kind": "timm", "height": size[0], "width": size[1], "crop_pct": pct, "mode": mode, "interpolation": interpolation}
        yield row, timm_recipe(size, pct, mode, interpolation, mean)
    for size, resample, crop in [
        ({"shortest_edge": 14}, 3, {"height": 12, "width": 12}), ({"shortest_edge": 9}, 3, {"height": 12, "width": 12}),
        ({"height": 15, "width": 13}, 2, {"height": 10, "width": 10}), ({"height": 11, "width": 12}, 3, None),
        ({"shortest_edge": 9}, 2, None), ({"shortest_edge": 10, "longest_edge": 14}, 3, None),
    ]:
        yield {"kind": "hf", "size": size, "resample": resample, "crop": crop}, hugging_face_recipe(size, resample, crop)
    for size in [(12, 12), (9, 16)]:
        row = {"height": size[0], "width": size[1], "interpolation": "bicubic"}
        yield {"kind": "mode", "mode": "longest", **row}, longest_recipe(size, "bicubic")
        yield {"kind": "mode", "mode": "letterbox", **row}, letterbox_recipe(size, "bicubic")


def recipe_rows():
    pictures = [drawing(*size, seed=sum(size)) for size in [(37, 23), (23, 37), (5, 5), (31, 31), (60, 12)]]
    sources = [keep(picture) for picture in pictures]
    rows = [{**row, "expected": [keep(run(picture)) for picture in pictures]} for row, run in recipes()]
    return {"sources": sources, "recipes": rows}


if __name__ == "__main__":
    index = {
        "decoding": decoding_rows(),
        "orientation": orientation_rows(),
        "resampling": resampling_rows(),
        "preprocessing": recipe_rows(),
    }
    (FOLDER / "expected.bin").write_bytes(bytes(expected))
    lines = json.dumps(index).replace('{"file"', '\n{"file"').replace('{"filter"', '\n{"filter"').replace('{"kind"', '\n{"kind"')
    (FOLDER / "index.json").write_text(lines + "\n")
