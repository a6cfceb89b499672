"""Writes classes.txt from the files that timm carries: python make.py, with timm 1.0.31 installed."""

from importlib.util import find_spec
from pathlib import Path

LISTS = {"k": "imagenet", "t": "imagenet12k", "m": "imagenet21k_miil", "g": "imagenet21k_goog", "w": "imagenet22k"}


def main() -> None:
    folder = Path(find_spec("timm").origin).parent / "data/_info"
    lists = {letter: (folder / f"{name}_synsets.txt").read_text().split() for letter, name in LISTS.items()}
    assert all(synsets == sorted(set(synsets)) for synsets in lists.values()), "a list in an order of its own"
    # Microsoft's 22k is not stored: ImageNet-1k, then all others of 22k.
    microsoft = (folder / "imagenet22k_ms_synsets.txt").read_text().split()
    assert microsoft == lists["k"] + [name for name in lists["w"] if name not in set(lists["k"])]
    lines = (folder / "imagenet_synset_to_lemma.txt").read_text(encoding="utf-8").splitlines()
    words = dict(line.split("\t") for line in lines)
    members = {letter: set(synsets) for letter, synsets in lists.items()}
    with (Path(__file__).parent / "classes.txt").open("w", encoding="utf-8") as file:
        for name in sorted(set().union(*members.values())):
            letters = "".join(letter for letter in LISTS if name in members[letter])
            file.write(f"{name} {letters} {words[name]}\n")


if __name__ == "__main__":
    main()
