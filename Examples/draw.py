#!/usr/bin/env python3
"""Draws the pictures that the built-in model `demo` learns from.

Every figure and pattern is a signed distance function over the pixel grid: negative inside, positive outside. One
function thus gives the filled figure, its outline and clean edges at any size and angle. A picture is named by two
numbers, `seed` and `index`; the same two give the same picture.

    python3 Examples/draw.py --count 40 --seed 1 --output pictures
"""

import argparse
import colorsys
import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

TURN = 2 * math.pi

# --- Figures: one shape somewhere in the picture. `u`, `v` are coordinates in which the figure has radius 1. ---


def polygon(u, v, corners):
    """The signed distance to a simple polygon, corner by corner; the sign is the parity of the edges crossed."""
    nearest = np.full_like(u, np.inf)
    inside = np.zeros(u.shape, bool)
    for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):
        edge_x, edge_y, du, dv = bx - ax, by - ay, u - ax, v - ay
        along = np.clip((du * edge_x + dv * edge_y) / (edge_x**2 + edge_y**2), 0, 1)
        nearest = np.minimum(nearest, (du - along * edge_x) ** 2 + (dv - along * edge_y) ** 2)
        if ay != by:
            inside ^= ((v < ay) != (v < by)) & (du < dv * (edge_x / edge_y))
    return np.where(inside, -1, 1) * np.sqrt(nearest)


def on_circle(count, radii=(1.0,)):
    """Corners at equal angles, their radii taken in turn."""
    angles = [TURN * k / count for k in range(count)]
    return [(radii[k % len(radii)] * math.cos(a), radii[k % len(radii)] * math.sin(a)) for k, a in enumerate(angles)]


def arrow(u, v, rng):
    shaft, neck, wing = rng.uniform(0.14, 0.26), rng.uniform(-0.1, 0.3), rng.uniform(0.55, 0.8)
    half = [(-1, shaft), (neck, shaft), (neck, wing), (1, 0)]
    return polygon(u, v, half + [(x, -y) for x, y in half[-2::-1]])


def circle(u, v, rng):
    return np.hypot(u, v) - 1


def crescent(u, v, rng):
    bite = rng.uniform(0.38, 0.55)
    return np.maximum(np.hypot(u, v) - 1, rng.uniform(0.8, 0.92) - np.hypot(u - bite, v))


def cross(u, v, rng):
    arm = rng.uniform(0.2, 0.34)
    quarter = [(1, -arm), (1, arm), (arm, arm)]
    corners = []
    for _ in range(4):
        corners += quarter
        quarter = [(-y, x) for x, y in quarter]
    return polygon(u, v, corners)


def heart(u, v, rng):
    """After Inigo Quilez, "2D distance functions"; moved and scaled to fill the unit circle."""
    x, y = np.abs(u) * 0.6, 0.56 - v * 0.6
    lobe = np.hypot(x - 0.25, y - 0.75) - math.sqrt(2) / 4
    diagonal = np.maximum(x + y, 0) / 2
    tip = np.sqrt(np.minimum(x**2 + (y - 1) ** 2, (x - diagonal) ** 2 + (y - diagonal) ** 2)) * np.sign(x - y)
    return np.where(x + y > 1, lobe, tip) / 0.6


def hexagon(u, v, rng):
    return polygon(u, v, on_circle(6))


def ring(u, v, rng):
    half = rng.uniform(0.09, 0.24)
    return np.abs(np.hypot(u, v) - (1 - half)) - half


def spiral(u, v, rng):
    pitch = 1 / rng.uniform(2.2, 3.6)
    radius, turn = np.hypot(u, v), np.arctan2(v, u) / TURN
    gap = np.abs(np.mod(radius / pitch - turn + 0.5, 1) - 0.5) * pitch
    return np.maximum(gap - rng.uniform(0.2, 0.3) * pitch, radius - 1)


def square(u, v, rng):
    return polygon(u, v, on_circle(4))


def star(u, v, rng):
    return polygon(u, v, on_circle(10, (1.0, rng.uniform(0.38, 0.52))))


def target(u, v, rng):
    pitch = 1 / (int(rng.integers(2, 4)) - 0.5)
    radius = np.hypot(u, v)
    return np.maximum(lines(radius + pitch / 4, pitch, 0.5), radius - 1 - pitch / 4)


def triangle(u, v, rng):
    corners = on_circle(3)
    return polygon(u, v, [(x + rng.uniform(-0.12, 0.12), y + rng.uniform(-0.12, 0.12)) for x, y in corners])


# --- Patterns: they cover the picture. `u`, `v` are coordinates in which half the short side is 1. ---


def lines(t, period, share):
    """The distance to lines that repeat along `t`, each `share` of the period wide."""
    return np.abs(np.mod(t / period, 1) - 0.5) * period - share * period / 2


def bricks(u, v, rng):
    height, mortar = rng.uniform(0.34, 0.5), rng.uniform(0.16, 0.22)
    width = height * rng.uniform(1.7, 2.2)
    shifted = u + np.mod(np.floor(v / height), 2) * width / 2
    joint = np.minimum(lines(v + height / 2, height, mortar), lines(shifted, width, mortar * height / width))
    return -joint


def checkerboard(u, v, rng):
    period = rng.uniform(0.5, 0.95)
    a, b = lines(u, period, 0.5), lines(v, period, 0.5)
    return np.where((a < 0) == (b < 0), -1, 1) * np.minimum(np.abs(a), np.abs(b))


def dots(u, v, rng):
    period = rng.uniform(0.36, 0.6)
    if rng.random() < 0.5:
        u = u + np.mod(np.floor(v / period), 2) * period / 2
    gap = [np.mod(t / period, 1) - 0.5 for t in (u, v)]
    return (np.hypot(*gap) - rng.uniform(0.22, 0.34)) * period


def grid(u, v, rng):
    period, share = rng.uniform(0.35, 0.65), rng.uniform(0.18, 0.26)
    return np.minimum(lines(u, period, share), lines(v, period, share))


def rays(u, v, rng):
    count = int(rng.integers(6, 13))
    angle = np.arctan2(v, u) / TURN
    return lines(angle, 1 / count, 0.5) * TURN * np.hypot(u, v)


def stripes(u, v, rng):
    return lines(v, rng.uniform(0.28, 0.65), rng.uniform(0.35, 0.65))


def waves(u, v, rng):
    length, period = rng.uniform(0.75, 1.3), rng.uniform(0.38, 0.6)
    height = length * rng.uniform(0.14, 0.2)
    slope = height * TURN / length
    swing = height * np.sin(TURN * u / length)
    tilt = np.sqrt(1 + (slope * np.cos(TURN * u / length)) ** 2)
    return lines(v + swing, period, rng.uniform(0.4, 0.6)) / tilt


def zigzag(u, v, rng):
    length, period = rng.uniform(0.6, 1.1), rng.uniform(0.38, 0.6)
    slope = rng.uniform(0.9, 1.3)
    swing = slope * np.abs(np.mod(u / length, 1) - 0.5) * length
    return lines(v + swing, period, rng.uniform(0.4, 0.6)) / math.hypot(1, slope)


FIGURES = [arrow, circle, crescent, cross, heart, hexagon, ring, spiral, square, star, target, triangle]
PATTERNS = [bricks, checkerboard, dots, grid, rays, stripes, waves, zigzag]
CLASSES = sorted(f.__name__ for f in FIGURES + PATTERNS)
DESCRIPTIONS = {
    "arrow": "arrow, a pointer with a shaft",
    "bricks": "bricks, a wall of staggered courses",
    "checkerboard": "checkerboard, squares of two colors",
    "circle": "circle, a filled disc",
    "crescent": "crescent, a sickle moon",
    "cross": "cross, two bars of equal length",
    "dots": "dots, a lattice of spots",
    "grid": "grid, two families of lines",
    "heart": "heart, as on a playing card",
    "hexagon": "hexagon, six sides",
    "rays": "rays, a sunburst from one point",
    "ring": "ring, a disc with a hole",
    "spiral": "spiral, a line that winds outward",
    "square": "square, four sides, at any angle",
    "star": "star, five points",
    "stripes": "stripes, straight parallel bands",
    "target": "target, rings around one center",
    "triangle": "triangle, three sides",
    "waves": "waves, rounded parallel bands",
    "zigzag": "zigzag, parallel bands with sharp bends",
}
FILLED_ONLY = {circle, ring, spiral, target}  # the outline of a disc is a ring, and thin coils do not survive one
BY_NAME = {f.__name__: f for f in FIGURES + PATTERNS}


# --- Pictures ---


def luma(color):
    return float(np.dot(color, (0.299, 0.587, 0.114)))


def color(rng, *others, contrast=0.27):
    """A random color that differs enough from each of the others, in brightness too."""
    while True:
        candidate = np.array(colorsys.hsv_to_rgb(rng.random(), rng.uniform(0, 1) ** 0.7, rng.uniform(0.08, 1)))
        if all(abs(luma(candidate) - luma(o)) > contrast for o in others):
            return candidate.astype(np.float32)


def field(rng, height, width):
    """A smooth field over the picture with values around 0: a straight gradient or soft clouds."""
    if rng.random() < 0.5:
        angle = rng.uniform(0, TURN)
        x, y = np.linspace(-0.5, 0.5, width), np.linspace(-0.5, 0.5, height)
        return (math.cos(angle) * x[None, :] + math.sin(angle) * y[:, None]).astype(np.float32)
    coarse = Image.fromarray(rng.uniform(-0.5, 0.5, (4, 4)).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC))


def shaded(rng, base, height, width):
    """A surface of one color, often with a gradient or clouds of a neighbouring tint."""
    surface = np.broadcast_to(base, (height, width, 3))
    if rng.random() < 0.6:
        tint = rng.uniform(-0.22, 0.22, 3).astype(np.float32)
        surface = surface + field(rng, height, width)[:, :, None] * tint
    return surface


def coverage(distance, unit):
    """The share of each pixel inside: the edge is one pixel wide. `unit` is the length 1 in pixels."""
    return np.clip(0.5 - distance * unit, 0, 1)[:, :, None].astype(np.float32)


def over(below, above, mask):
    return below + (above - below) * mask


def frame(rng, x, y, center, unit):
    """Coordinates around `center` with length 1 = `unit` pixels, turned, mirrored and slightly stretched."""
    angle, stretch = rng.uniform(0, TURN), rng.uniform(0.93, 1.07)
    dx, dy = (x - center[0]) / unit, (y - center[1]) / unit
    u = (math.cos(angle) * dx + math.sin(angle) * dy) * stretch
    v = (math.cos(angle) * dy - math.sin(angle) * dx) / stretch
    return (u, v) if rng.random() < 0.5 else (u, -v)


def specks(rng, canvas, x, y, side):
    """A few small distractors: spots and scratches in colors of their own."""
    for _ in range(rng.integers(1, 4)):
        center, unit = (rng.uniform(0, x.shape[1]), rng.uniform(0, y.shape[0])), side * rng.uniform(0.012, 0.03)
        u, v = frame(rng, x, y, center, unit)
        if rng.random() < 0.5:
            u = u - np.clip(u, -4, 4)
        canvas = over(canvas, color(rng), coverage(np.hypot(u, v) - 1, unit))
    return canvas


def draw(name, rng, scale=1.0):
    """A picture of the class `name`, 144 to 288 pixels a side at scale 1.

    Returns the RGB image and, for a figure, the share of each pixel inside its contour (None for a pattern).
    """
    width, height = (round(n * scale) for n in rng.uniform(144, 288, 2))
    side = min(width, height)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) + 0.5
    shape = BY_NAME[name]
    ground = color(rng)
    canvas = shaded(rng, ground, height, width)
    distracted = rng.random() < 0.25

    if shape in PATTERNS:
        unit, reach = side / 2, 0.2 if shape is rays else 0.5
        center = [n / 2 + rng.uniform(-reach, reach) * side for n in (width, height)]
        distance = shape(*frame(rng, x, y, center, unit), rng)
        canvas = over(canvas, shaded(rng, color(rng, ground), height, width), coverage(distance, unit))
        if distracted:
            canvas = specks(rng, canvas, x, y, side)
        return worn(rng, canvas, scale), None

    if distracted:
        canvas = specks(rng, canvas, x, y, side)
    unit = side * rng.uniform(0.3, 0.46)
    reach = max(0.0, side * 0.49 - unit)
    center = [n / 2 + rng.uniform(-reach, reach) for n in (width, height)]
    distance = shape(*frame(rng, x, y, center, unit), rng)
    inside = coverage(distance, unit)
    style = "filled" if shape in FILLED_ONLY else rng.choice(["filled", "outline", "bordered"], p=[0.6, 0.2, 0.2])
    stroke = rng.uniform(0.06, 0.1)
    rim = coverage(np.abs(distance + stroke) - stroke, unit)
    ink = color(rng, ground)
    canvas = over(canvas, shaded(rng, ink, height, width), rim if style == "outline" else inside)
    if style == "bordered":
        canvas = over(canvas, color(rng, ground, ink, contrast=0.12), rim)
    return worn(rng, canvas, scale), inside[:, :, 0]


def worn(rng, canvas, scale):
    """The picture after an imperfect camera: uneven light, noise, blur."""
    height, width, _ = canvas.shape
    if rng.random() < 0.3:
        canvas = canvas * (1 + 0.5 * field(rng, height, width)[:, :, None])
    blur, noise = rng.uniform(0.4, 1.4) * (rng.random() < 0.3), rng.uniform(0.01, 0.06) * (rng.random() < 0.4)
    if noise:
        canvas = canvas + rng.standard_normal(canvas.shape, dtype=np.float32) * (noise * scale)
    image = Image.fromarray((np.clip(canvas, 0, 1) * 255 + 0.5).astype(np.uint8))
    return image.filter(ImageFilter.GaussianBlur(blur * scale)) if blur else image


def encoded(image, rng):
    """The file ending and the bytes of the picture: PNG, or as often JPEG of any quality from 35 up."""
    stream = io.BytesIO()
    if rng.random() < 0.5:
        image.save(stream, "JPEG", quality=int(rng.integers(35, 96)))
        return "jpg", stream.getvalue()
    image.save(stream, "PNG", compress_level=1)
    return "png", stream.getvalue()


def picture(seed, index):
    """The picture `index` of the endless sequence `seed`: its label, file ending and bytes. The classes take turns."""
    rng = np.random.default_rng([seed, index])
    label = index % len(CLASSES)
    image, _ = draw(CLASSES[label], rng)
    return label, *encoded(image, rng)


def main():
    parser = argparse.ArgumentParser(description="Writes labelled pictures, a folder for each class.")
    parser.add_argument("--count", type=int, default=len(CLASSES), help="how many pictures (the classes take turns)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="the folder to write")
    arguments = parser.parse_args()
    for index in range(arguments.count):
        label, ending, data = picture(arguments.seed, index)
        folder = arguments.output / CLASSES[label]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{arguments.seed}-{index:06}.{ending}").write_bytes(data)


if __name__ == "__main__":
    main()
