"""What a user names is a data set, a film, a folder of films or a list."""

from pathlib import Path

import pytest

from discern.errors import UsageError
from discern.flow.collect_sources import DatasetOptions, find_sources

NONE = DatasetOptions()


def test_names_and_paths_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "bed").mkdir()
    (tmp_path / "bed/a.mp4").touch()
    (tmp_path / "list.txt").write_text("https://a.example/1.jpg")
    found = find_sources([tmp_path, str(tmp_path / "list.txt"), "other.mov", "cifar10", "BINS"], None, NONE)
    assert [(film.name, film.label) for film in found.films] == [("bed/a.mp4", "bed"), ("other.mov", "")]
    assert [row.url for row in found.rows] == ["https://a.example/1.jpg"]
    assert len(found.datasets) == 2


def test_a_label_is_that_of_films_and_lists(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("url,label\nhttps://a.example/1.jpg,cat\n")
    found = find_sources(["a.mp4", tmp_path / "list.csv"], "dog", NONE)
    assert {each.label for each in (*found.films, *found.rows)} == {"dog"}


@pytest.mark.parametrize(
    ("what", "label", "options", "message"),
    [
        ("cifar100", "dog", NONE, "labels of their own"),
        ("a.mp4", None, DatasetOptions(classes="a"), "belong to data sets"),
        ("cifar100", None, DatasetOptions(listing="a.json"), "has no --list"),
        ("cifar100", None, DatasetOptions(per_class=0), "Invalid number of pictures"),
        ("fruit360", None, NONE, "no data set 'fruit360'"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(
    what: str, label: str | None, options: DatasetOptions, message: str
) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        find_sources([what], label, options)
    assert caught.value.hint
