"""What programs hold when they want an answer, and what systems leave in folders: the same answers by every way."""

import base64
import copy
import io
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import discern
from discern.errors import DiscernError, NotAPicture, UsageError
from tests.e2e.server_process import Workspace


@pytest.fixture(scope="module")
def model(trained: Any) -> discern.Model:
    return discern.load(trained["bundle"])


HELD: list[Callable[[bytes], Any]] = [
    bytes,
    bytearray,
    memoryview,
    io.BytesIO,
    lambda data: Image.open(io.BytesIO(data)),
]


def test_files_and_buffers_are_answered_like_the_path(workspace: Workspace, model: discern.Model) -> None:
    picture = workspace.picture("red")
    expected = model(picture).probabilities
    with picture.open("rb") as file:
        assert model(file).probabilities == expected
    for hold in HELD:
        assert model(hold(picture.read_bytes())).probabilities == expected
    for one in (str(picture), picture):
        assert [answer.probabilities for answer in model.predict(one)] == [expected]  # type: ignore[union-attr]
        (answer,) = discern.predict(model, one)
        assert (answer.path, answer.prediction and answer.prediction.probabilities) == (str(picture), expected)


@pytest.mark.parametrize(
    ("hold", "kind", "reason"),
    [
        (lambda data: np.asarray(Image.open(io.BytesIO(data)).convert("L")), UsageError, "Pixels must be RGB"),
        (lambda data: base64.b64encode(data * 50).decode(), NotAPicture, "This is base64 text"),
        (lambda data: "https://example.com/a.jpg", UsageError, "is a URL, and `predict` does not download pictures"),
    ],
)
def test_what_cannot_be_read_is_named_and_not_repeated(
    workspace: Workspace, model: discern.Model, hold: Callable[[bytes], Any], kind: type[DiscernError], reason: str
) -> None:
    with pytest.raises(kind, match=reason) as raised:
        model(hold(workspace.picture("red").read_bytes()))
    assert len(str(raised.value)) < 300


def test_the_command_line_says_the_same_and_is_short(workspace: Workspace, trained: Any) -> None:
    text = base64.b64encode(workspace.picture("red").read_bytes() * 50).decode()[:100_000]
    result = workspace.call("predict", trained["bundle"], text)
    assert result.code == 1
    assert "This is base64 text" in result.out
    assert len(result.out) < 700


def test_a_model_is_pickled_and_copied(workspace: Workspace, model: discern.Model) -> None:
    picture = workspace.picture("red")
    for again in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert again(picture).probabilities == model(picture).probabilities


def test_what_systems_leave_in_a_folder_is_passed_over_with_and_without_out(
    workspace: Workspace, trained: Any, tmp_path: Path
) -> None:
    folder, data = tmp_path / "photos", workspace.picture("red").read_bytes()
    for name in ("a.jpg", "__MACOSX/a.jpg", "__MACOSX/._a.jpg", "._a.jpg"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "Thumbs.db").write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504))
    (folder / "desktop.ini").write_text("[.ShellClassInfo]\r\n", encoding="ascii")
    for place in (folder, f"{folder}/*"):
        shown = workspace.call("predict", trained["bundle"], place, "--json")
        assert shown.code == 0
        assert [json.loads(line)["path"] for line in shown.out.splitlines()] == [str(folder / "a.jpg")]
        out = tmp_path / "answers.jsonl"
        written = workspace.call("predict", trained["bundle"], place, "--out", out)
        assert written.code == 0
        assert [json.loads(line)["path"] for line in out.read_text().splitlines()] == [str(folder / "a.jpg")]
        out.unlink()
