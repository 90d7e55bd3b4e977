"""Films become labelled frames, one group for each film."""

from pathlib import Path

import pytest

from discern.collecting.collection import open_collection
from discern.collecting.films.collect_films import FilmFile, collect_films, find_films
from discern.errors import CatalogError
from tests.unit.collecting.films.film_factory import pictures_in, scenes, still, truncate, turning, write_film


def test_films_are_labelled_by_the_topmost_folder(tmp_path: Path) -> None:
    for name in ("bed/a.mp4", "bed/upstairs/b.MOV", "chair/c.mkv", "chair/notes.txt", ".trash/d.mp4"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = find_films(tmp_path, None)
    assert [(film.name, film.label) for film in found.films] == [
        ("bed/a.mp4", "bed"), ("bed/upstairs/b.MOV", "bed"), ("chair/c.mkv", "chair")
    ]  # fmt: skip
    assert found.others == ("chair/notes.txt",)
    assert {film.label for film in find_films(tmp_path, "room").films} == {"room"}


def test_folders_without_films_or_with_loose_ones_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="contains no film"):
        find_films(tmp_path, None)
    (tmp_path / "bed").mkdir()
    (tmp_path / "bed/a.mp4").touch()
    (tmp_path / "b.mp4").touch()
    with pytest.raises(CatalogError, match=r"b\.mp4 is in"):
        find_films(tmp_path, None)


def test_frames_get_the_group_of_their_film(tmp_path: Path) -> None:
    films = [
        FilmFile(path=write_film(tmp_path / "1/room.mp4", scenes(3)), name="1/room.mp4", label="bed"),
        FilmFile(path=write_film(tmp_path / "2/room.mp4", turning(1)), name="2/room.mp4", label="bed"),
    ]
    with open_collection(tmp_path / "out") as collection:
        first, second = collect_films(films, collection, every=0.5)
    assert [picture.seconds for picture in first.pictures] == [0, 1, 2]
    assert first.left_out == {"near_equal": 3}
    groups = [{picture.group for picture in each.pictures} for each in (first, second)]
    assert [len(each) for each in groups] == [1, 1]
    assert groups[0] != groups[1]
    assert len(pictures_in(tmp_path / "out")) == 5


def test_the_same_film_is_collected_once_and_again_with_other_settings(tmp_path: Path) -> None:
    film = FilmFile(path=write_film(tmp_path / "a.mp4", turning(2)), name="a.mp4", label="bed")
    copy = FilmFile(path=tmp_path / "copy.mp4", name="copy.mp4", label="bed")
    copy.path.write_bytes(film.path.read_bytes())
    with open_collection(tmp_path / "out") as collection:
        (first,) = collect_films([film, copy], collection, every=0.5)
        changed = {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in pictures_in(tmp_path / "out")}
        assert collect_films([film], collection, every=0.5) == [first]
        assert {path: (tmp_path / "out" / path).stat().st_mtime_ns for path in changed} == changed
        (fewer,) = collect_films([film], collection, every=1.0)
    assert len(fewer.pictures) == 2
    assert pictures_in(tmp_path / "out") == [picture.file for picture in fewer.pictures]


def test_a_film_that_cannot_be_read_to_its_end_gives_no_frame(tmp_path: Path) -> None:
    bad = truncate(write_film(tmp_path / "bad.mkv", turning(4)), 0.5)
    good = write_film(tmp_path / "good.mp4", still(0.3))
    films = [FilmFile(path=path, name=path.name, label="bed") for path in (bad, good)]
    with open_collection(tmp_path / "out") as collection:
        failed, kept = collect_films(films, collection, every=0.5)
    assert failed.failure == "unreadable_film"
    assert "truncated" in failed.message
    assert pictures_in(tmp_path / "out") == [picture.file for picture in kept.pictures]
    assert sorted(path.name for path in (tmp_path / "out").iterdir() if path.name.startswith(".film")) == []
