"""Films are read upright and in the right colours; what is not a whole film is named."""

import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from discern.collecting.films.film_reader import is_film_name, open_film, require_video
from discern.errors import CatalogError, PictureTooLarge, UsageError
from discern.extras import INSTALL_VIDEO
from discern.picture import Limits
from tests.unit.collecting.films.film_factory import pattern, scenes, still, truncate, turning, write_film, write_sound


def difference(one: np.ndarray, other: np.ndarray) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


def first_frame(path: Path) -> np.ndarray:
    with open_film(path) as film:
        return next(film.frames()).pixels()


def refusal(path: Path) -> str:
    with pytest.raises(CatalogError) as caught, open_film(path) as film:
        list(film.frames())
    assert caught.value.hint
    return caught.value.message


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.mp4", "libx264"), ("a.mov", "libx265"), ("a.mkv", "libx264"), ("a.webm", "libvpx-vp9"), ("a.avi", "mpeg4")],
)
def test_frames_and_times_of_each_format(tmp_path: Path, name: str, codec: str) -> None:
    with open_film(write_film(tmp_path / name, still(0.5), codec=codec)) as film:
        found = [(frame.seconds, frame.pixels()) for frame in film.frames()]
    assert [round(seconds, 1) for seconds, _ in found] == [0, 0.1, 0.2, 0.3, 0.4]
    assert difference(found[0][1], pattern(0)) < 6


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("flip", [False, True])
def test_frames_are_upright(tmp_path: Path, rotation: int, flip: bool) -> None:
    stored = np.rot90(pattern(0)[:, ::-1] if flip else pattern(0), -rotation // 90)
    path = write_film(tmp_path / "a.mp4", [stored], rotation=rotation)
    upright = write_film(tmp_path / "b.mp4", [stored], rotation=rotation, flip=flip) if flip else path
    assert difference(first_frame(upright), pattern(0)) < 6


@pytest.mark.parametrize("transfer", [16, 18])
def test_a_film_with_a_high_dynamic_range_looks_like_a_photograph(tmp_path: Path, transfer: int) -> None:
    signal = np.uint16(np.round(np.linspace(0.1, 0.75, 160) * 65535))
    frames = [np.repeat(np.repeat(signal[None, :, None], 96, axis=0), 3, axis=2)] * 2
    path = write_film(tmp_path / "a.mov", frames, codec="libx265", pixel_format="yuv420p10le", transfer=transfer)
    row = first_frame(path)[48].astype(int)
    assert np.ptp(row, axis=1).max() <= 6
    assert row[:8, 0].mean() < 60
    assert 225 <= row[-8:, 0].mean() <= 255


def test_truncated_films_are_named(tmp_path: Path) -> None:
    whole = write_film(tmp_path / "index_last.mp4", scenes(3))
    assert "truncated: its index is missing" in refusal(truncate(whole, 0.7))
    first = write_film(tmp_path / "index_first.mp4", scenes(3), options={"movflags": "faststart"})
    assert "is truncated: it has" in refusal(truncate(first, 0.7))
    streamed = write_film(tmp_path / "streamed.mkv", turning(4))
    assert "truncated: it ends after" in refusal(truncate(streamed, 0.5))


def test_a_film_that_was_trimmed_by_its_edit_list_is_whole(tmp_path: Path) -> None:
    """Phones trim a film by a list of what to show, and keep the rest of it in the file."""
    path = write_film(tmp_path / "a.mp4", scenes(4))
    data = bytearray(path.read_bytes())
    struct.pack_into(">I", data, data.find(b"elst") + 12, 2000)  # milliseconds
    path.write_bytes(data)
    with open_film(path) as film:
        assert [round(frame.seconds, 1) for frame in film.frames()][-1] == 1.9


def test_files_without_pictures_are_named(tmp_path: Path) -> None:
    zeros = tmp_path / "zeros.mp4"
    zeros.touch()
    assert "is empty" in refusal(zeros)
    os.truncate(zeros, 4 << 30)
    assert "only zeros" in refusal(zeros)
    assert "no video stream" in refusal(write_sound(tmp_path / "sound.mp4"))
    assert "There is no film" in refusal(tmp_path / "missing.mp4")


def test_a_film_with_an_unknown_coding_is_named(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mkv", still(0.3))
    path.write_bytes(path.read_bytes().replace(b"V_MPEG4/ISO/AVC", b"V_MPEG9/ISO/ABC"))
    assert "coding that is not known" in refusal(path)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    write_film(tmp_path / "secret.ts", still(0.3))
    playlist = tmp_path / "list.mp4"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n")
    assert "is not a film" in refusal(playlist)


def test_frames_beyond_the_limit_are_not_decoded(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", still(0.1))
    with pytest.raises(PictureTooLarge, match="160 x 96"), open_film(path, Limits(max_pixels=10_000)):
        pass


def test_pixels_that_are_not_square_become_so(tmp_path: Path) -> None:
    path = write_film(tmp_path / "a.mp4", still(0.1), aspect=(4, 3))
    assert first_frame(path).shape == (96, 213, 3)


def test_a_missing_library_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(UsageError, match="PyAV, which is not installed") as caught:
        require_video()
    assert caught.value.hint == f"Install it: {INSTALL_VIDEO}"


def test_films_are_known_by_their_suffix() -> None:
    assert [is_film_name(name) for name in ("a.MP4", "a.mov", "a.jpg", "mp4")] == [True, True, False, False]
