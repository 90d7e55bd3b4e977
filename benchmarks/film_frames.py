"""Frames collected from films: the limits of their similarity, and what grouping them by film means for the accuracy.

Films are made from stills of furniture7 and encoded as phones do: H.264 or HEVC, upright or turned.

* Limits: differences between frames of a camera that stands still (with sensor noise and strong compression), that
  moves a little, and that pans by a share of the view; and the share of the frames that are kept.
* `--train`: eight films for each of three classes are collected, and the classifier's leak-free accuracy (grouped by
  film) is compared with that of a random split of the frames.

Usage: python benchmarks/film_frames.py [--films 6] [--train]. Needs DISCERN_TEST_DATA and PyAV.
"""

import argparse
import io
import json
import tempfile
from pathlib import Path

import av
import numpy as np
from film_borders import CLASSES, DATA, OUT, make_film, stills
from PIL import Image

import discern
from discern.collecting.films.film_reader import open_film
from discern.collecting.films.frame_choice import EQUAL, SAME_SCENE, correlation, largest_difference

SIZE = (640, 360)
RATE = 10


def write(path: Path, frames: list[Image.Image], *, codec: str, crf: int, rotation: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE)
        stream.width, stream.height = frames[0].size
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": str(crf)} | ({"x265-params": "log-level=none"} if codec == "libx265" else {})
        stream.set_display_rotation(rotation)
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(frame)))
        container.mux(stream.encode())
    return path


def window(still: Image.Image, shift: float, rng: np.random.Generator, noise: float) -> Image.Image:
    """View of half of a still's width, moved to the right by a share of the view, with noise."""
    width, height = still.size
    view = width / 2
    down = min(height, view * SIZE[1] / SIZE[0])
    left = min(shift, 1) * view
    box = (left, (height - down) / 2, left + view, (height + down) / 2)
    pixels = np.asarray(still.resize(SIZE, Image.Resampling.BICUBIC, box=box), np.float32)
    return Image.fromarray(np.clip(pixels + rng.normal(0, noise, pixels.shape), 0, 255).astype(np.uint8))


def measure_limits(films: int, scratch: Path) -> list[dict[str, object]]:
    """Differences from the first frame of frames at 1 s, by the movement of the camera."""
    rows = []
    rng = np.random.default_rng(0)
    pictures = stills(DATA / "furniture7", films, rng)
    for what, shift in (("still", 0.0), ("shake of 0.5 %", 0.005), ("1 %", 0.01), ("2 %", 0.02), ("5 %", 0.05),
                        ("10 %", 0.1), ("20 %", 0.2), ("33 %", 0.33), ("50 %", 0.5), ("100 %", 1.0)):  # fmt: skip
        largest, alike = [], []
        for number, still in enumerate(pictures):
            noise, crf = (2.0, 4.0, 6.0)[number % 3], (20, 26, 32)[number // 3 % 3]
            frames = [window(still, shift * at / RATE, rng, noise) for at in range(RATE + 1)]
            path = write(scratch / "limits.mp4", frames, codec=("libx264", "libx265")[number % 2], crf=crf)
            with open_film(path) as film:
                greys = [frame.grey().astype(np.float32) for frame in film.frames()]
            largest.append(largest_difference(greys[0], greys[-1]))
            alike.append(correlation(greys[0], greys[-1]))
        rows.append(
            {
                "camera": what,
                "largest difference of a part (5, 50, 95 %)": np.percentile(largest, [5, 50, 95]).round(1).tolist(),
                "left out as nearly equal": float(np.mean(np.less(largest, EQUAL))),
                "correlation (5, 50, 95 %)": np.percentile(alike, [5, 50, 95]).round(2).tolist(),
                "new scenes": float(np.mean(np.less_equal(alike, SAME_SCENE))),
            }
        )
        print(json.dumps(rows[-1]), flush=True)
    return rows


def train(scratch: Path, each: int = 8) -> dict[str, object]:
    """Collect films of three classes and compare the accuracy by film with that of a random split."""
    for at, label in enumerate(CLASSES["report"][:3]):
        rng = np.random.default_rng([7, at])
        for number, still in enumerate(stills(DATA / "furniture7" / label, each, rng)):
            encoded = make_film(still, (0.02, 0.06, 0.15)[number % 3], rng, frames=60)
            frames = [Image.open(io.BytesIO(data)).convert("RGB") for data in encoded]
            codec, rotation = ("libx264", "libx265")[number % 2], (0, 90, 0, 270)[number % 4]
            frames = [frame.rotate(-rotation, expand=True) for frame in frames]
            write(scratch / "films" / label / f"film{number}.mp4", frames, codec=codec, crf=26, rotation=rotation)
    collected = discern.collect(scratch / "films", out=scratch / "rooms")
    result = discern.train(scratch / "rooms", runs=scratch / "runs", cache=scratch / "cache").to_json()
    accuracy = result["accuracy"]
    row = {
        "collected": collected.to_json() | {"out": ""},
        "leak_free": accuracy["leak_free"],
        "naive": accuracy["naive"],
    }
    print(json.dumps(row))
    return row


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--films", type=int, default=18)
    parser.add_argument("--train", action="store_true")
    args = parser.parse_args()
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as scratch:
        found["limits"] = measure_limits(args.films, Path(scratch))
        if args.train:
            found["train"] = train(Path(scratch))
    OUT.mkdir(exist_ok=True)
    (OUT / "film_frames.json").write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
