"""Films of objects in rooms, rendered from photographs: a camera pans over a photograph, turns, and stands still."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from discern.parallel import count_cores
from examples.steps import StepFailed

PACK = "furniture7"
SIZE = (480, 360)
"""Width and height of a frame, in pixels."""
RATE = 10
"""Frames a second."""
SECONDS = 6
"""Duration of a film."""

_SUFFIXES = {".jpg", ".jpeg", ".png"}
_SMALLEST_STILL = 140  # pixels; smaller photographs are too coarse for a film
_UNLIKE = 12.0  # mean difference in levels of grey below which two photographs may be copies of each other
_FOCUS = 0.03  # radius of the blur while the camera focuses again, as a share of the frame's width
_NOISE = 1.0  # standard deviation of the sensor, in levels


@dataclass(frozen=True, kw_only=True)
class FilmPlan:
    """Film to render.

    Attributes:
        still: photograph that the camera looks at.
        path: file to write.
        seed: of the movement of the camera.
        size: width and height as held, in pixels.
        rotation: degrees by which a player has to turn the stored frames, as of a phone that is held upright.
        share: share of the file that is written; the rest is cut off, as of an interrupted copy.
    """

    still: Path
    path: Path
    seed: int
    size: tuple[int, int] = SIZE
    rotation: int = 0
    share: float = 1.0


def choose_stills(folder: Path, each: int) -> dict[str, list[Path]]:
    """Return photographs of each class, by its label, of which none is nearly equal to another one.

    Args:
        folder: one folder of photographs for each class.
        each: number of photographs of a class.

    Raises:
        StepFailed: there are too few.
    """
    chosen: dict[str, list[Path]] = {}
    seen: list[np.ndarray] = []
    for place in sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")):
        found = chosen.setdefault(place.name, [])
        files = sorted(path for path in place.iterdir() if path.suffix.lower() in _SUFFIXES)
        for at in np.random.default_rng(0).permutation(len(files)):
            if len(found) == each:
                break
            with Image.open(files[at]) as image:
                small = np.asarray(image.convert("L").resize((16, 16), Image.Resampling.BOX), np.float32)
                fits = min(image.size) >= _SMALLEST_STILL
            if fits and all(np.abs(small - other).mean() > _UNLIKE for other in seen):
                found.append(files[at])
                seen.append(small)
        if len(found) < each:
            raise StepFailed(
                f"{place} has {len(found)} different photographs of {_SMALLEST_STILL} pixels or more, and {each} are "
                "needed. Pass a smaller PICTURES, or DATA=path/to/folder with one folder of photographs for each class."
            )
    if len(chosen) < 2:
        raise StepFailed(f"{folder} has no folders of photographs. Pass DATA= a folder with one for each class.")
    return chosen


def render_films(plans: Sequence[FilmPlan]) -> None:
    """Render films, in several processes."""
    with ProcessPoolExecutor(count_cores(), mp_context=get_context("spawn")) as pool:
        list(pool.map(render_film, plans, chunksize=4))


def render_film(plan: FilmPlan) -> None:
    """Render a film in H.264, as phones write it."""
    import av  # noqa: PLC0415 - the processes that render need it, and its absence is for `collect` to explain

    plan.path.parent.mkdir(parents=True, exist_ok=True)
    with Image.open(plan.still) as image:
        still = ImageOps.exif_transpose(image).convert("RGB")
    with av.open(str(plan.path), "w") as container:
        width, height = plan.size
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "veryfast"})
        stream.width, stream.height = (height, width) if plan.rotation % 180 else (width, height)
        stream.pix_fmt = "yuv420p"
        stream.set_display_rotation(plan.rotation)
        for view in views(still, plan.size, np.random.default_rng(plan.seed)):
            stored = Image.fromarray(view).rotate(-plan.rotation, expand=True)
            container.mux(stream.encode(av.VideoFrame.from_image(stored)))
        container.mux(stream.encode())
    if plan.share < 1:
        content = plan.path.read_bytes()
        plan.path.write_bytes(content[: int(plan.share * len(content))])


def views(still: Image.Image, size: tuple[int, int], random: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield the frames of a film, uint8 [H, W, 3].

    The camera stands still for a second, pans over the photograph while it turns and comes nearer, is swung back and
    focuses again, which blurs the picture for half a second, and pans on. The light changes a little.
    """
    wide = _with_surroundings(still)
    start, middle, end = (_place(side, random) for side in (-1, 1, 0))
    frames = RATE * SECONDS
    still_until, pan_until, swing_until = (round(share * frames) for share in (1 / 6, 7 / 12, 8 / 12))
    light, phase = random.uniform(0.75, 1.1), random.uniform(0, 6)
    for at in range(frames):
        if at < pan_until:
            pose = _between(start, middle, max(0, at - still_until) / (pan_until - still_until))
        else:
            pose = _between(middle, start, (at - pan_until) / (swing_until - pan_until))
        if at >= swing_until:
            pose = _between(start, end, (at - swing_until) / (frames - swing_until))
        looked = _look(wide, still.size, size, pose)
        if pan_until <= at < swing_until:
            looked = looked.filter(ImageFilter.GaussianBlur(_FOCUS * size[0]))
        view = np.asarray(looked, np.float32) * light * (1 + 0.08 * np.sin(phase + at / RATE))
        view += random.normal(0, _NOISE, (*view.shape[:2], 1))
        yield np.clip(view, 0, 255).astype(np.uint8)


Pose = tuple[float, float, float, float]
"""Centre across and down as shares of the photograph, share of it that is seen, and angle in degrees."""


def _place(side: int, random: np.random.Generator) -> Pose:
    """Return a pose on the left (-1), on the right (1) or in the middle (0) of a photograph."""
    seen = random.uniform(0.6, 0.85)
    across = 0.5 + side * random.uniform(0.08, 0.16)
    return across, 0.5 + random.uniform(-0.08, 0.08), seen, random.uniform(-9, 9)


def _between(first: Pose, second: Pose, share: float) -> Pose:
    a, b, c, d = (float(x + (y - x) * share) for x, y in zip(first, second, strict=True))
    return a, b, c, d


def _with_surroundings(still: Image.Image) -> Image.Image:
    """Return a photograph that is continued by its mirror images, as wide and as high again on each side."""
    pixels = np.asarray(still)
    height, width = pixels.shape[:2]
    return Image.fromarray(np.pad(pixels, ((height, height), (width, width), (0, 0)), mode="symmetric"))


def _look(wide: Image.Image, still: tuple[int, int], size: tuple[int, int], pose: Pose) -> Image.Image:
    """Return what the camera sees."""
    across, down, seen, angle = pose
    scale = seen * max(still[0] / size[0], still[1] / size[1])
    turn = np.deg2rad(angle)
    cos, sin = scale * np.cos(turn), scale * np.sin(turn)
    x, y = (1 + across) * still[0], (1 + down) * still[1]
    half_width, half_height = size[0] / 2, size[1] / 2
    affine = (
        *(cos, -sin, x - cos * half_width + sin * half_height),
        *(sin, cos, y - sin * half_width - cos * half_height),
    )
    return wide.transform(size, Image.Transform.AFFINE, affine, resample=Image.Resampling.BICUBIC)
