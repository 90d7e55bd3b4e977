"""Films of drawn frames, written with the encoders that come with PyAV."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

SIZE = (160, 96)
BT709, BT2020 = 1, 9


def pattern(seed: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Sharp rectangles of random colours, uint8 [H, W, 3]."""
    random = np.random.default_rng(seed)
    pixels = np.full((size[1], size[0], 3), 90, np.uint8)
    for _ in range(12):
        left, top = (int(random.integers(0, side - 16)) for side in size)
        pixels[top : top + 30, left : left + 30] = random.integers(20, 236, 3)
    return pixels


def still(seconds: float, seed: int = 0, *, rate: int = 10) -> list[np.ndarray]:
    """The same frame for some seconds."""
    return [pattern(seed)] * round(seconds * rate)


def scenes(count: int, *, seconds: float = 1, rate: int = 10) -> list[np.ndarray]:
    """One still scene after the other."""
    return [frame for seed in range(count) for frame in still(seconds, seed, rate=rate)]


def turning(seconds: float, *, rate: int = 10, seed: int = 0) -> list[np.ndarray]:
    """A camera that pans over a wide picture."""
    wide = np.concatenate([pattern(seed + each) for each in range(4)], axis=1)
    steps = np.linspace(0, wide.shape[1] - SIZE[0], round(seconds * rate)).astype(int)
    return [wide[:, start : start + SIZE[0]] for start in steps]


def write_film(
    path: Path,
    frames: Iterable[np.ndarray],
    *,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    transfer: int = BT709,
    rotation: float | None = None,
    flip: bool = False,
    rate: int = 10,
    aspect: tuple[int, int] = (1, 1),
    options: dict[str, str] | None = None,
) -> Path:
    """Write a film of frames, uint8 or uint16 [H, W, 3]; wide colours if its transfer function is not BT.709's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", options=options or {}) as container:
        stream = None
        for pixels in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=rate)
                stream.height, stream.width = pixels.shape[:2]
                stream.pix_fmt = pixel_format
                stream.options = {"crf": "12"} | ({"x265-params": "log-level=none"} if codec == "libx265" else {})
                stream.codec_context.colorspace = BT709 if transfer == BT709 else BT2020
                stream.codec_context.color_primaries = stream.codec_context.colorspace
                stream.codec_context.color_trc = transfer
                stream.codec_context.color_range = 1
                stream.codec_context.sample_aspect_ratio = Fraction(*aspect)
                if rotation is not None:
                    stream.set_display_rotation(rotation, hflip=flip)
            form = "rgb24" if pixels.dtype == np.uint8 else "rgb48le"
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=form)
            frame = frame.reformat(format=pixel_format, dst_colorspace=stream.codec_context.colorspace)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write a film without pictures."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def truncate(path: Path, share: float) -> Path:
    """Cut off the end of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    return path


def pictures_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.jpg"))
