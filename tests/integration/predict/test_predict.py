"""`discern predict`: answers in order, for files, folders, patterns and standard input."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from discern.bundle import load
from discern.errors import UsageError
from discern.flow.predict.batch import predict_to
from discern.flow.predict.predict import predict
from tests.unit.bundle.factories import plain, write_small
from tests.unit.flow.predict.standard_input import standard_input


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "deep").mkdir(parents=True)
    save(folder / "b.png", plain(250, 0, 0))
    save(folder / "a.png", plain(0, 0, 0))
    save(folder / "deep" / "c.png", plain(250, 0, 0))
    (folder / ".hidden.png").write_bytes(b"")
    (folder / "bad.jpg").write_text("no picture")
    return folder


def save(path: Path, pixels: np.ndarray) -> None:
    Image.fromarray(pixels).save(path)


def names(bundle: Path, *paths: str | Path) -> list[str]:
    return [Path(answer.path).name for answer in predict(bundle, paths)]


def test_a_folder_is_walked_in_order_without_hidden_files(bundle: Path, photos: Path) -> None:
    assert names(bundle, photos) == ["a.png", "b.png", "bad.jpg", "c.png"]


def test_an_unusable_file_gives_an_error_and_the_rest_is_predicted(bundle: Path, photos: Path) -> None:
    answers = [answer.to_json() for answer in predict(bundle, [photos])]
    assert [("error" in answer) for answer in answers] == [False, False, True, False]
    assert answers[2]["path"] == str(photos / "bad.jpg")
    assert set(answers[2]["error"]) == {"code", "message", "hint"}


def test_paths_are_absolute(bundle: Path, photos: Path) -> None:
    assert all(Path(answer.path).is_absolute() for answer in predict(bundle, [photos]))


def test_patterns_are_expanded(bundle: Path, photos: Path) -> None:
    assert names(bundle, f"{photos}/*.png") == ["a.png", "b.png"]
    assert names(bundle, f"{photos}/**/*.png") == ["a.png", "b.png", "c.png"]


def test_a_name_with_brackets_is_a_name_first(bundle: Path, tmp_path: Path) -> None:
    save(tmp_path / "a[1].png", plain(0, 0, 0))
    assert names(bundle, tmp_path / "a[1].png") == ["a[1].png"]


def test_a_missing_file_gives_its_error(bundle: Path, tmp_path: Path) -> None:
    (answer,) = predict(bundle, [tmp_path / "none.png"])
    assert answer.prediction is None
    assert answer.to_json()["error"]["code"] == "unreadable_file"


@pytest.mark.parametrize(("name", "kind"), [("all.zip", "an archive"), ("list.csv", "a list")])
def test_a_container_names_the_option_to_predict_it(bundle: Path, photos: Path, name: str, kind: str) -> None:
    with zipfile.ZipFile(photos / "all.zip", "w") as archive:
        archive.write(photos / "a.png", "a.png")
    (photos / "list.csv").write_text("path\na.png\n")
    (answer,) = predict(bundle, [photos / name])
    assert answer.error is not None
    assert (answer.error.code, kind in answer.error.message) == ("not_a_picture", True)
    assert "--out FILE" in answer.error.hint
    among = next(answer for answer in predict(bundle, [photos]) if answer.path.endswith(name))
    assert among.error is not None
    assert "--out" not in str(among.error)


def test_a_url_is_refused_before_any_prediction(bundle: Path, photos: Path) -> None:
    with pytest.raises(UsageError, match=r"https://shop\.example/a\.jpg is a URL") as raised:
        predict(bundle, [photos, "https://shop.example/a.jpg"])
    assert "--allow-urls" in raised.value.hint


def test_standard_input_may_be_a_picture(bundle: Path, photos: Path) -> None:
    with standard_input((photos / "b.png").read_bytes()):
        (answer,) = predict(bundle, ["-"])
    assert answer.path == "-"
    assert answer.prediction is not None
    assert answer.prediction.label == "red"


def test_standard_input_may_be_a_list_of_paths(bundle: Path, photos: Path) -> None:
    with standard_input(f"{photos / 'a.png'}\n\n{photos / 'b.png'}\n".encode()):
        assert names(bundle, "-") == ["a.png", "b.png"]


def test_no_input_is_refused(bundle: Path) -> None:
    with pytest.raises(UsageError, match="no picture"):
        predict(bundle, [])


def test_a_loaded_model_works_as_well(bundle: Path, photos: Path) -> None:
    assert len(list(predict(load(bundle), [photos]))) == 4


@pytest.mark.parametrize("kind", [str, Path])
def test_one_path_is_one_picture(bundle: Path, photos: Path, tmp_path: Path, kind: type) -> None:
    (answer,) = predict(bundle, kind(photos / "b.png"))
    assert answer.path == str(photos / "b.png")
    predict_to(bundle, kind(photos / "b.png"), tmp_path / "a.jsonl")
    assert (tmp_path / "a.jsonl").read_text().count("\n") == 1


LISTED = """
import os, sys
places = []
def note(event, arguments):
    if event in ("os.listdir", "os.scandir", "glob.glob", "open"):
        places.append(os.path.abspath(os.fsdecode(arguments[0] or ".") if not isinstance(arguments[0], int) else "/fd"))
sys.addaudithook(note)
from discern.cli import main
try:
    main()
except SystemExit as end:
    print(f"exit {end.code}")
for place in dict.fromkeys(places):
    print(f"at {place}")
"""


@pytest.mark.parametrize("out", [(), ("--out", "answers.csv")])
def test_nothing_is_listed_or_read_that_was_not_named(
    bundle: Path, photos: Path, tmp_path: Path, out: tuple[str, ...]
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/program.py").write_text(LISTED)
    command = [sys.executable, str(tmp_path / "elsewhere/program.py"), "predict", str(bundle), "b.png", *out]
    done = subprocess.run(command, cwd=photos, capture_output=True, text=True, check=False, timeout=120)
    assert "exit 0" in done.stdout.splitlines(), done.stderr
    places = [Path(line.removeprefix("at ")) for line in done.stdout.splitlines() if line.startswith("at ")]
    inside = {place.relative_to(photos).as_posix() for place in places if place.is_relative_to(photos)}
    own = {name for name in inside if name.startswith((".answers.csv", "answers.csv"))}
    assert inside - own == {"b.png"}
    assert not {tmp_path, photos.parent, bundle.parent, Path.home()} & set(places)


def test_progress_counts_answers(bundle: Path, photos: Path) -> None:
    counts: list[int] = []
    list(predict(bundle, [photos] * 10, progress=lambda stage, done, total: counts.append(done)))
    assert counts == [32, 40]


def test_loops_of_links_are_not_followed(bundle: Path, photos: Path) -> None:
    (photos / "loop").symlink_to(photos, target_is_directory=True)
    assert names(bundle, photos) == ["a.png", "b.png", "bad.jpg", "c.png"]


def test_a_folder_has_the_same_pictures_in_the_same_order_with_and_without_out(bundle: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    for name in ("b10.png", "b2.png", "a/1.png", "a.b/1.png", "A/z.png", ".hidden.png", ".git/x.png", "__MACOSX/x.png"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        save(folder / name, plain(200, 0, 0))
    for name in ("Thumbs.db", "a/desktop.ini", "notes.txt", "bad.jpg"):
        (folder / name).write_bytes(b"nothing")
    if os.name == "posix":
        (folder / "link.png").symlink_to(folder / "a/1.png")
        (folder / "circle").symlink_to(folder)
    (folder / "run").mkdir()
    (folder / "run/run.json").write_text('{"versions": {"discern": "1"}}')
    answers = [answer.to_json() for answer in predict(bundle, [folder])]
    predict_to(bundle, folder, tmp_path / "answers.jsonl")
    written = [json.loads(line) for line in (tmp_path / "answers.jsonl").read_text().splitlines()]
    assert [each["path"] for each in answers] == [each["path"] for each in written]
    assert [each.get("label") for each in answers] == [each.get("label") for each in written]
    found = [Path(each["path"]).relative_to(folder).as_posix() for each in answers]
    assert found.index("b2.png") < found.index("b10.png")
    assert not {"Thumbs.db", "a/desktop.ini", ".hidden.png", "run/run.json"} & set(found)


@pytest.mark.skipif(os.name != "posix", reason="links need permission on Windows")
def test_a_folder_from_a_file_server_is_answered_alike_by_both_doors(bundle: Path, tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "in", tmp_path / "elsewhere"
    for place in (folder, folder / "__MACOSX", folder / "@eaDir" / "a.png", elsewhere):
        place.mkdir(parents=True)
        save(place / ("b.png" if place == elsewhere else "a.png"), plain(0, 0, 0))
    (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (folder / "desktop.ini").write_text("[.ShellClassInfo]")
    (folder / "more").symlink_to(elsewhere)
    (folder / "again").symlink_to(folder)
    answers = [answer.to_json() for answer in predict(bundle, [folder])]
    assert [each["path"] for each in answers] == [str(folder / "a.png"), str(folder / "more" / "b.png")]
    assert not any("error" in each for each in answers)
    written = predict_to(bundle, [folder], tmp_path / "out.csv")
    rows = (tmp_path / "out.csv").read_text(encoding="utf-8").splitlines()
    assert (len(rows), written.unusable) == (3, 0)
