"""The banana example runs whole, from photographs to a function and its bill."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from examples.banana import banana
from examples.banana.gate import TIMM, backbones_at_hand, gather_weights
from examples.banana.photos import CLASSES, copy_some, gather_photos
from examples.steps import StepFailed

from tests.unit.shipping.factories import write_wheels

ROOT = Path(__file__).resolve().parent.parent.parent


def write_photographs(folder: Path, *, of_each: int) -> Path:
    for label in CLASSES:
        (folder / label).mkdir(parents=True)
        for number in range(of_each):
            (folder / label / f"{number}.jpg").write_bytes(f"{label} {number}".encode())
        (folder / label / ".DS_Store").touch()
    return folder


def test_photographs_are_taken_by_class(tmp_path: Path) -> None:
    source = write_photographs(tmp_path / "source", of_each=106)
    assert gather_photos(source, tmp_path / "all", most=200) == "original"
    assert gather_photos(source, tmp_path / "some", most=20) == "subset"
    for name, count in (("all", 106), ("some", 20)):
        for label in CLASSES:
            contents = {path.read_bytes() for path in (tmp_path / name / label).iterdir()}
            assert len(contents) == count
            assert all(content.startswith(label.encode()) for content in contents)


def test_the_same_files_are_chosen_each_time(tmp_path: Path) -> None:
    files = sorted((write_photographs(tmp_path / "source", of_each=30) / "ripe").glob("*.jpg"))
    first = copy_some(files, tmp_path / "first", most=5)
    second = copy_some(reversed(files), tmp_path / "second", most=5)
    assert [path.name for path in first] == [path.name for path in second]
    assert len(first) == 5


def test_a_folder_without_one_of_the_stages_is_refused_with_the_remedy(tmp_path: Path) -> None:
    source = write_photographs(tmp_path / "source", of_each=0)
    for number, folder in enumerate((source, tmp_path / "none")):
        with pytest.raises(StepFailed, match=r"green has no photographs\. Pass DATA=.*DISCERN_TEST_DATA"):
            gather_photos(folder, tmp_path / f"out{number}", most=5)


def test_a_network_is_used_where_its_weights_are_at_hand(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    gather_weights(tmp_path / "none", str(source))
    assert TIMM not in backbones_at_hand(tmp_path / "none")
    assert next(iter(backbones_at_hand(tmp_path / "none"))) == "lite0"
    (source / "mobilenetv2_100.safetensors").touch()
    gather_weights(tmp_path / "plain", str(source))
    assert [path.name for path in (tmp_path / "plain").iterdir()] == ["mobilenetv2_100.safetensors"]
    (source / "mobilenetv2_100.json").write_text("{}")
    gather_weights(tmp_path / "with settings", str(source))
    assert (tmp_path / "with settings/mobilenetv2_100.json").read_text() == "{}"
    options = backbones_at_hand(tmp_path / "with settings")[TIMM]
    assert options == ("--backbone", TIMM, "--weights", str(tmp_path / "with settings"))


def test_the_event_has_the_picture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"\xff\xd8")
    event = banana.http_event(tmp_path / "a.jpg")
    assert base64.b64decode(event["body"]) == b"\xff\xd8"
    assert json.loads(json.dumps(event)) == event


def test_answers_are_the_same_whatever_their_identifiers() -> None:
    answer = {"label": "ripe", "decision": "accept", "message": "", "looks_like": None, "id": "a"}
    assert banana.same_answer(answer, answer | {"id": "b"})
    assert not banana.same_answer(answer, answer | {"decision": "review"})


def test_all_steps_have_a_function() -> None:
    assert tuple(banana.EXAMPLE.steps) == banana.EXAMPLE.required


@pytest.mark.slow
@pytest.mark.real
def test_the_example_runs_whole(real_data: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("optuna")
    out, wheels = tmp_path / "out", write_wheels(tmp_path / "wheels", for_pip=True)
    own = {
        "DISCERN_TEST_DATA": str(real_data),
        "DISCERN_WEIGHTS": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(wheels),
    }
    command = [sys.executable, "-m", "examples", "banana", "--pictures", "12", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "result.json").read_text())
    assert [row["name"] for row in result["steps"]] == list(banana.STEPS)
    assert all(row["ok"] and row["sha256"] and Path(row["artefact"]).exists() for row in result["steps"])
    assert result["data"] == "subset"
    assert result["ours"]["low"] < result["ours"]["value"] < result["ours"]["high"]
    gates = json.loads((out / "09-gate/gate.json").read_text())
    by_backbone = {row["backbone"]: row for row in gates["rows"]}
    assert by_backbone["lite0"]["auroc"]["value"] > max(0.9, by_backbone["none"]["auroc"]["value"])
    assert by_backbone["lite0"]["fruits"]["unknown"] > 0.9
    assert gates["chosen"] != "none"
    assert not any("banana" in path.name.lower() for path in (out / "01-photographs/not-bananas").rglob("*"))
    answers = json.loads((out / "11-page/answers.json").read_text())
    assert answers["other"]["decision"] == "unknown"
    assert answers["other"]["looks_like"] in CLASSES
    assert (out / "10-final-function/lambda/function.zip").stat().st_size > 1_000_000
    assert {path.name for path in (out / "12-cost").iterdir()} >= {"BUDGET.md", "break_even.svg"}
