"""Captured answers are listed, counted and plotted, and each point of the page opens its picture."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

import discern
from discern.catalog.formats.captured_traffic import read_traffic
from discern.errors import CatalogError, RunError, UsageError
from discern.flow.captured.captured_pictures import MAX_PICTURES_BYTES, make_pictures
from discern.flow.train import TrainResult
from discern.progress import silent
from tests.integration.workspace import Workspace
from tests.unit.catalog.factories import captured, picture

HOUR = "endpoint/AllTraffic/2026/11/29/10"


def answer(label: str, confidence: float, decision: str, fingerprint: str = "ab") -> dict[str, Any]:
    return {"label": label, "confidence": confidence, "decision": decision, "model": {"fingerprint": fingerprint}}


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    folder = tmp_path / "capture" / HOUR
    folder.mkdir(parents=True)
    outputs: list[Any] = [answer("bicycle", 0.99, "accept"), answer("</script>", 0.5, "review"), [0.2, 0.8]]
    lines = [
        captured(
            picture(80 * number, file_format="JPEG"),
            event=f"e{number}",
            output=output,
            time=f"2026-11-{day}T10:00:0{number}Z",
        )
        for day in (28, 29)
        for number, output in enumerate(outputs)
    ]
    (folder / "a.jsonl").write_bytes(b"".join([*lines, captured("!", event="x", output={"error": "no"}), b"{broken\n"]))
    return tmp_path / "capture"


def opened(page: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert found
    content: dict[str, Any] = json.loads(found[1])
    return content


def test_answers_are_counted_with_what_is_damaged(capture: Path) -> None:
    result = discern.captured(capture, threshold=0.75)
    assert (result.files, result.records, len(result.answers)) == (1, 7, 6)
    assert result.decisions == {"accept": 2, "review": 2, "none": 2}
    assert result.classes == {"bicycle": 2, "</script>": 2, "class 1": 2}
    assert result.thresholds == {"plain": {"value": 0.75, "passed": 4}}
    assert [each["from"] for each in result.gaps] == ["2026-11-28T10:00:02+00:00"]
    assert [path for path, _ in result.damaged] == [f"{HOUR}/a.jsonl"]
    assert any(note.startswith("1 captured request has no answer with a confidence") for note in result.notes)
    assert json.loads(json.dumps(result.to_json()))["answers"][0] == {
        "path": f"{HOUR}/a.jsonl!/e0.jpg",
        "time": "2026-11-28T10:00:00+00:00",
        "label": "bicycle",
        "confidence": 0.99,
        "decision": "accept",
    }


def test_each_point_opens_its_picture(capture: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert discern.captured(capture, out=page, threshold=0.75).page == page
    content = opened(page)
    assert len(content["points"]) == 6
    assert len(content["pictures"]) == 3  # the same pictures were sent twice
    assert all(uri.startswith("data:image/jpeg;base64,") for uri in content["pictures"])
    assert [point[4] for point in content["points"]] == [0, 1, 2, 0, 1, 2]
    assert content["points"][content["first"]][2].startswith("</script>, 50.0")
    text = page.read_text("utf-8")
    assert text.count("<script") == 2  # the data and the script: labels are escaped
    assert "plain threshold: 0.75" in text
    assert "Line 8 is not valid JSON" in text


def test_a_bundle_gives_its_threshold_and_its_labels(
    capture: Path, shared_workspace: Workspace, trained: TrainResult, tmp_path: Path
) -> None:
    model = discern.load(trained.bundle)
    shares = [0.1, 0.7, 0.2]
    (capture / HOUR / "b.jsonl").write_bytes(captured(picture(7), event="b", output=shares))
    result = discern.captured(capture, bundle=trained.bundle, out=tmp_path / "page.html")
    assert result.classes[model.labels[1]] == 1
    assert any("another model" in note for note in result.notes)
    assert any("probability for each of the bundle's 3 labels" in note for note in result.notes)
    accept = model.manifest.thresholds.accept
    passed = [each for each in result.answers if accept is not None and each["confidence"] >= accept]
    expected = {} if accept is None else {"accept": {"value": accept, "passed": len(passed)}}
    assert result.thresholds == expected


def test_answers_without_a_time_are_listed_and_not_plotted(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_bytes(captured(picture(1), event="a", output=[0.9, 0.1], time=None))
    result = discern.captured(source, out=tmp_path / "page.html")
    assert result.answers[0]["time"] is None
    assert "there is no chart" in (tmp_path / "page.html").read_text("utf-8")


def test_an_endpoint_that_is_always_sure_passes_every_threshold(tmp_path: Path) -> None:
    for hour in (9, 11):
        place = tmp_path / f"capture/scones/AllTraffic/2021/06/12/{hour:02}/14-03.jsonl"
        place.parent.mkdir(parents=True)
        shares = [0.964 + 0.004 * number for number in range(8)]
        lines = [
            captured(
                picture(number),
                event=f"{hour}-{number}",
                output=[1 - share, share],
                time=f"2021-06-12T{hour:02}:14:0{number}Z",
            )
            for number, share in enumerate(shares)
        ]
        place.write_bytes(b"".join(lines))
    result = discern.captured(tmp_path / "capture", threshold=0.93, out=tmp_path / "page.html")
    assert (result.records, result.files) == (16, 2)
    assert result.thresholds == {"plain": {"value": 0.93, "passed": 16}}
    assert min(each["confidence"] for each in result.answers) == 0.964
    text = (tmp_path / "page.html").read_text("utf-8")
    assert "16 of 16 are at or above the plain threshold of 0.93, which stops none of them." in text
    assert len(opened(tmp_path / "page.html")["points"]) == 16


def test_a_source_without_an_answer_still_has_a_page(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    source.write_bytes(captured(picture(1), event="a", output={"error": "no"}))
    assert discern.captured(source, out=tmp_path / "page.html", threshold=0.9).answers == ()
    assert (tmp_path / "page.html").exists()


def test_pictures_share_a_limit(tmp_path: Path) -> None:
    source = tmp_path / "a.jsonl"
    lines = [captured(picture(number, size=(300, 200)), event=f"e{number}", output=[1.0]) for number in range(3)]
    source.write_bytes(b"".join(lines))
    few = {each.path for each in read_traffic(source).captures}
    many = few | {f"a.jsonl!/none{number}" for number in range(9_997)}
    for wanted in (few, many):
        made = make_pictures(source, wanted, progress=silent)
        assert made.keys() == few
        assert sum(len(each.uri) for each in made.values()) * len(wanted) <= MAX_PICTURES_BYTES * len(few)


@pytest.mark.parametrize("threshold", [-0.1, 1.5, float("nan"), 93])
def test_a_threshold_is_a_confidence(threshold: float, capture: Path) -> None:
    with pytest.raises(UsageError, match="Invalid threshold"):
        discern.captured(capture, threshold=threshold)


def test_no_file_is_overwritten_and_the_page_is_html(capture: Path, tmp_path: Path) -> None:
    (tmp_path / "page.html").write_text("mine")
    with pytest.raises(RunError, match="already a file"):
        discern.captured(capture, out=tmp_path / "page.html")
    with pytest.raises(UsageError, match="not the name of a page"):
        discern.captured(capture, out=tmp_path / "page.png")


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.jsonl.BZ2", "packed.jsonl"])
def test_compressed_files_are_named(name: str, capture: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"\x1f\x8b\x08")
    (capture / name).write_bytes(b"\x1f\x8b\x08")
    with pytest.raises(CatalogError, match="It is compressed"):
        discern.captured(tmp_path / name)
    result = discern.captured(capture)
    assert (name, "It is compressed. Unpack it first, such as with gunzip.") in result.damaged
    assert any(note.startswith("2 damaged lines or files were left out") for note in result.notes)


def test_a_folder_without_captured_requests_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match="no captured request"):
        discern.captured(tmp_path)
