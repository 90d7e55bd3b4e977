"""`collect` finds what its sources are, and what it writes is a source by itself."""

from pathlib import Path

import pytest

import discern
from discern.catalog import scan
from discern.errors import CatalogError, UsageError
from tests.unit.collecting.datasets.original_forms import cifar100_archive
from tests.unit.collecting.downloads.web_server import web_server
from tests.unit.collecting.films.film_factory import pattern, scenes, still, truncate, turning, write_film


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    write_film(folder / "bed/a.mp4", scenes(3))
    write_film(folder / "bed/b.mov", turning(1, seed=9), codec="libx265")
    write_film(folder / "chair/a.mp4", scenes(2)[::-1], rotation=90)
    (folder / "notes.txt").touch()
    return folder


def test_a_scan_sees_the_label_and_the_film_of_each_frame(films: Path, tmp_path: Path) -> None:
    result = discern.collect(films, out=tmp_path / "rooms")
    assert result.to_json() == {
        "out": str(tmp_path / "rooms"),
        "kept": 7,
        "left_out": {"near_equal": 5, "not_a_film": 1},
        "groups": 3,
        "failed": [],
        "notes": [],
    }
    table = scan(tmp_path / "rooms", cache=tmp_path / "cache").table
    assert table["error"].null_count() == len(table) == 7
    assert sorted(table["label"].to_list()) == ["bed"] * 5 + ["chair"] * 2
    by_film = dict(table.group_by("group").len().iter_rows())
    assert sorted(by_film.values()) == [2, 2, 3]


def test_films_of_several_calls_are_one_collection(films: Path, tmp_path: Path) -> None:
    out = tmp_path / "rooms"
    assert discern.collect(films / "bed/a.mp4", out=out, label="bed", scenes=True).kept == 3
    assert discern.collect([films / "chair/a.mp4"], out=out, label="chair", every="1s").kept == 2
    assert set(scan(out, cache=tmp_path / "cache").table["label"]) == {"bed", "chair"}


def test_films_without_a_label_get_a_note(films: Path, tmp_path: Path) -> None:
    result = discern.collect(films / "bed/a.mp4", out=tmp_path / "out")
    assert "no label" in result.notes[0]


def test_a_film_that_fails_is_listed_beside_those_that_do_not(films: Path, tmp_path: Path) -> None:
    bad = truncate(write_film(tmp_path / "bad.mp4", still(1)), 0.5)
    result = discern.collect([bad, films / "bed/a.mp4"], out=tmp_path / "out", label="bed")
    assert result.left_out == {"near_equal": 3, "unreadable_film": 1}
    assert [(each["source"], each["reason"]) for each in result.failed] == [(str(bad), "unreadable_film")]
    with pytest.raises(CatalogError, match="truncated"):
        discern.collect(bad, out=tmp_path / "other")
    assert not (tmp_path / "other").exists()


def test_films_of_which_no_frame_is_kept_are_an_error(tmp_path: Path) -> None:
    write_film(tmp_path / "a.mp4", [pattern(0, (64, 36))] * 3)
    with pytest.raises(CatalogError, match=r"No picture was kept. Left out: 1 too_small\."):
        discern.collect(tmp_path / "a.mp4", out=tmp_path / "out", label="x")


def test_a_list_of_addresses_is_downloaded(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server:
        addresses = [server.url(path) for path in ("/ok/1", "/ok/2", "/missing/1")]
        (tmp_path / "list.csv").write_text("\n".join(["url,label", *(f"{each},cat" for each in addresses)]))
        result = discern.collect(tmp_path / "list.csv", out=tmp_path / "out", allow_hosts=["127.0.0.1"])
    assert (result.kept, result.left_out, result.groups) == (2, {"not_found": 1}, 0)
    assert str(tmp_path / "out.left_out.csv") in result.notes[0]
    assert set(scan(tmp_path / "out", cache=tmp_path / "cache").table["label"]) == {"cat"}


def test_a_data_set_is_collected_from_a_copy(tmp_path: Path) -> None:
    (tmp_path / "c.tar.gz").write_bytes(cifar100_archive())
    options = {"out": tmp_path / "out", "classes": "bicycle,motorcycle", "origin": tmp_path / "c.tar.gz"}
    result = discern.collect("cifar100", **options)
    assert (result.kept, result.left_out) == (8, {"class_not_chosen": 4})
    table = scan(tmp_path / "out", cache=tmp_path / "cache").table
    assert sorted(table.select("label", "part").rows()) == sorted(
        (label, part) for label in ("bicycle", "motorcycle") for part in ("test", *["train"] * 3)
    )
    assert discern.collect("cifar100", **options) == result


def test_private_addresses_need_permission(tmp_path: Path) -> None:
    with web_server("127.0.0.1") as server:
        (tmp_path / "list.txt").write_text("\n".join(server.url(f"/ok/{number}") for number in range(2)))
        with pytest.raises(CatalogError, match=r"None of 2 sources .* not on the public internet") as caught:
            discern.collect(tmp_path / "list.txt", out=tmp_path / "out", label="cat")
    assert "--allow-host 127.0.0.1" in caught.value.message
    assert "out.left_out.csv" in caught.value.hint
    assert not server.requests


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"what": []}, "Nothing to collect"),
        ({"every": "1s", "scenes": True}, "not by both"),
        ({"every": "often"}, "Invalid time"),
        ({"label": " "}, "label is empty"),
    ],
)
def test_invalid_options_are_refused(tmp_path: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        discern.collect(**{"what": ["a.mp4"], "out": tmp_path / "out"} | options)
    assert not (tmp_path / "out").exists()
