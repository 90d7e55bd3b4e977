"""Reader of films that yields upright frames.

PyAV decodes them. Of a film only the formats of cameras and phones are opened, never one that refers to other files.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from discern.collecting.films.display_matrix import turn_upright
from discern.collecting.films.tone_mapping import TRANSFERS, map_tones
from discern.errors import CatalogError, PictureTooLarge, UsageError
from discern.extras import INSTALL_VIDEO
from discern.picture import Limits

SUFFIXES = (
    *(".mp4", ".mov", ".m4v", ".3gp", ".3g2", ".mkv", ".webm", ".avi"),
    *(".mts", ".m2ts", ".ts", ".mpg", ".mpeg", ".wmv"),
)
"""Suffixes of films, in lower case."""

# Demuxers of FFmpeg. Playlists and the like are not among them: they would open files and addresses that they name.
_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,asf,flv"
_COPY_AGAIN = "Copy or download it again."
_REPAIR = "Copy it again from the camera; or keep what there is: ffmpeg -i FILM -c copy NEW.mkv"
# Not tuned: containers state durations that are off by a frame, or by the length of a longer sound track.
_MISSING_SECONDS, _MISSING_SHARE = 1.0, 0.05
_GREY_SIDE = 32


@dataclass(kw_only=True)
class FilmFrame:
    """Frame of a film.

    Attributes:
        seconds: time since the first frame.
        is_damaged: whether its data are incomplete.
    """

    seconds: float
    is_damaged: bool
    _frame: Any
    _aspect: float

    def grey(self) -> np.ndarray:
        """Return the frame as stored in 32 x 32 levels of grey, uint8 [32, 32]; each is the mean of an area."""
        from_area = import_module("av.video.reformatter").Interpolation.AREA
        grey = self._frame.reformat(width=_GREY_SIDE, height=_GREY_SIDE, format="gray", interpolation=from_area)
        return np.asarray(grey.to_ndarray())

    def pixels(self) -> np.ndarray:
        """Return the upright frame in sRGB, uint8 [H, W, 3], with square pixels, and tone-mapped if it is HDR."""
        frame = self._frame
        if frame.color_trc in TRANSFERS:
            pixels = map_tones(frame.reformat(format="rgb48le").to_ndarray(), frame.color_trc)
        else:
            pixels = frame.to_ndarray(format="rgb24")
        if self._aspect != 1:
            height, width = pixels.shape[:2]
            pixels = np.asarray(Image.fromarray(pixels).resize((max(1, round(width * self._aspect)), height)))
        return turn_upright(pixels, _display_matrix(frame))


@dataclass(kw_only=True)
class Film:
    """Film that was opened.

    Attributes:
        path: its file.
        size: width and height of the frames as stored, in pixels.
        damaged: number of pieces of its data that could not be decoded, complete after the last frame.
    """

    path: Path
    size: tuple[int, int]
    damaged: int = 0
    _container: Any = field(repr=False)
    _stream: Any = field(repr=False)

    def frames(self) -> Iterator[FilmFrame]:
        """Yield all frames in order of time.

        Raises:
            CatalogError: the film has no frame, or ends before its declared end.
        """
        first = end = None
        rate, step = self._stream.average_rate, 0.0
        aspect = float(self._stream.sample_aspect_ratio or 1) or 1.0
        for frame in self._decode():
            step = 1 / float(rate) if rate else step
            seconds = (end or 0.0) if frame.time is None else float(frame.time)
            first = seconds if first is None else first
            end = max(seconds + step, end or 0.0)
            yield FilmFrame(
                seconds=max(0.0, seconds - first), is_damaged=bool(frame.is_corrupt), _frame=frame, _aspect=aspect
            )
        if first is None or end is None:
            raise CatalogError(f"The film {self.path} has no frame that can be decoded.", hint=_COPY_AGAIN)
        declared = _declared_seconds(self._container, self._stream)
        if declared - (end - first) > max(_MISSING_SECONDS, _MISSING_SHARE * declared):
            raise CatalogError(
                f"The film {self.path} is truncated: it ends after {end - first:.1f} of {declared:.1f} s.", hint=_REPAIR
            )

    def _decode(self) -> Iterator[Any]:
        error_type = import_module("av").error.FFmpegError
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except error_type as error:
                raise CatalogError(
                    f"The film {self.path} cannot be read on: {_reason(error)}.", hint=_REPAIR
                ) from error
            if packet is None:
                return
            try:
                frames = packet.decode()
            except error_type:
                self.damaged += 1
                continue
            yield from frames


def require_video() -> Any:
    """Return the module of PyAV.

    Raises:
        UsageError: it is not installed, with the line that installs it.
    """
    try:
        return import_module("av")
    except ImportError as error:
        raise UsageError("Films need PyAV, which is not installed.", hint=f"Install it: {INSTALL_VIDEO}") from error


def is_film_name(name: str) -> bool:
    """Return True if a file name has the suffix of a film."""
    return name.lower().endswith(SUFFIXES)


@contextmanager
def open_film(path: Path, limits: Limits = Limits()) -> Iterator[Film]:  # noqa: B008 - frozen
    """Context manager for a film.

    Args:
        path: its file.
        limits: `max_pixels` is the largest frame.

    Raises:
        CatalogError: the file is not a film, has no video stream, or is truncated.
        PictureTooLarge: its frames are larger than the limit.
        UsageError: PyAV is not installed.
    """
    av = require_video()
    av.logging.set_level(None)
    if not path.is_file():
        raise CatalogError(f"There is no film {path}.", hint="Check the spelling and the current folder.")
    if not path.stat().st_size:
        raise CatalogError(f"The film {path} is empty.", hint=_COPY_AGAIN)
    try:
        options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
        container = av.open(f"file:{path}", options=options, metadata_errors="replace")
    except (OSError, ValueError) as error:
        raise _not_opened(path, error) from error
    with container:
        streams = [each for each in container.streams.video if not _is_cover(each)]
        if not streams:
            raise CatalogError(f"The file {path} has no video stream.", hint="Pass a film.")
        stream = streams[0]
        if stream.codec_context is None:
            raise CatalogError(f"The film {path} has a coding that is not known, or is damaged.", hint=_COPY_AGAIN)
        size = stream.codec_context.width, stream.codec_context.height
        if size[0] * size[1] > limits.max_pixels:
            raise PictureTooLarge(f"The film {path} has {size[0]} x {size[1]} pixels.", hint=limits.pixel_remedy)
        _require_whole(path, stream)
        stream.thread_type = "AUTO"
        yield Film(path=path, size=size, _container=container, _stream=stream)


def _not_opened(path: Path, error: Exception) -> CatalogError:
    if isinstance(error, PermissionError):
        return CatalogError(f"The film {path} cannot be read: {error.strerror}.", hint="Check its permissions.")
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if not any(start):
        return CatalogError(f"The film {path} contains only zeros at its start.", hint=_COPY_AGAIN)
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
        return CatalogError(f"The film {path} is truncated: its index is missing or incomplete.", hint=_COPY_AGAIN)
    hint = f"Pass a film, such as .mp4, .mov, .mkv, .webm or .avi. {_COPY_AGAIN}"
    return CatalogError(f"The file {path} is not a film, or is damaged: {_reason(error)}.", hint=hint)


def _require_whole(path: Path, stream: Any) -> None:
    """Require that a file has all the data that its index names."""
    end = max((each.pos + each.size for each in stream.index_entries), default=0)
    size = path.stat().st_size
    if end > size:
        raise CatalogError(f"The film {path} is truncated: it has {size:,} of at least {end:,} bytes.", hint=_REPAIR)


def _is_cover(stream: Any) -> bool:
    return "attached_pic" in str(getattr(stream.disposition, "name", "") or "")


def _declared_seconds(container: Any, stream: Any) -> float:
    """Return the seconds that a film declares to last, 0 if it declares none."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    named = stream.metadata.get("DURATION", "")  # in Matroska and WebM: 00:00:01.000000000
    try:
        hours, minutes, seconds = map(float, named.split(":"))
        return 3600 * hours + 60 * minutes + seconds
    except ValueError:
        return float(Fraction(container.duration or 0, 1_000_000))


def _display_matrix(frame: Any) -> bytes:
    kind = import_module("av.sidedata.sidedata").Type.DISPLAYMATRIX
    data = frame.side_data.get(kind)
    return b"" if data is None else bytes(data)


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
