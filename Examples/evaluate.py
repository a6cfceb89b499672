#!/usr/bin/env python3
"""Measures the exported demo model on freshly drawn pictures, or names the class of given pictures.

    python3 Examples/evaluate.py --count 8400 --seed 2026
    python3 Examples/evaluate.py Examples/pictures/*
"""

import argparse
from pathlib import Path

import numpy as np
import torch

import draw
import model as demo


@torch.no_grad()
def predict(model, pictures):
    """Probabilities [B, classes] of encoded pictures."""
    crops = torch.from_numpy(np.stack([demo.seen(data) for data in pictures]))
    return model(demo.normalize(crops)).softmax(1)


def evaluate(model, count, seed, batch=200):
    """Prints the accuracy, overall and of each class, and the most frequent confusions."""
    confusion = np.zeros((len(draw.CLASSES), len(draw.CLASSES)), int)
    for begin in range(0, count, batch):
        pictures = [draw.picture(seed, index) for index in range(begin, min(begin + batch, count))]
        winners = predict(model, [data for _, _, data in pictures]).argmax(1)
        for (label, _, _), winner in zip(pictures, winners.tolist()):
            confusion[label, winner] += 1
    right = int(confusion.trace())
    print(f"{right} of {count} right: {right / count:.2%} (seed {seed})")
    print("\n| class | right | of | accuracy |\n|---|---:|---:|---:|")
    for label, name in enumerate(draw.CLASSES):
        total = confusion[label].sum()
        print(f"| {name} | {confusion[label, label]} | {total} | {confusion[label, label] / total:.1%} |")
    np.fill_diagonal(confusion, 0)
    print("\nmost frequent confusions (drawn, answered, times):")
    for place in np.argsort(-confusion, axis=None)[:8]:
        label, winner = np.unravel_index(place, confusion.shape)
        print(f"  {draw.CLASSES[label]}, {draw.CLASSES[winner]}, {confusion[label, winner]}")


def main():
    parser = argparse.ArgumentParser(description="Measures the exported demo model.")
    parser.add_argument("pictures", nargs="*", type=Path, help="pictures to classify; without them, fresh ones")
    parser.add_argument("--model", type=Path, default=demo.FOLDER)
    parser.add_argument("--count", type=int, default=400 * len(draw.CLASSES))
    parser.add_argument("--seed", type=int, default=2026)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = demo.load(arguments.model)
    if not arguments.pictures:
        evaluate(model, arguments.count, arguments.seed)
    for path in arguments.pictures:
        probabilities = predict(model, [path.read_bytes()])[0]
        index = int(probabilities.argmax())
        print(f"{path}: {draw.CLASSES[index]} {probabilities[index]:.4f}")


if __name__ == "__main__":
    main()
