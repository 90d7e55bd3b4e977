"""The bins example runs whole, on rendered bins that hold what they say."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from examples.bins import bins, listed_bins
from examples.bins.arrangement import HEIGHT, LEAST_VISIBLE, WIDTH, arrange, draw_compartment, visible_shares
from examples.bins.bin_renderer import render_bin
from examples.bins.drawn_objects import KINDS
from examples.bins.model_table import constant_figures, figures, figures_of_models, write_model_page
from examples.steps import StepFailed
from PIL import Image

import discern
from tests.integration.workspace import write_backbone

ROOT = Path(__file__).resolve().parent.parent.parent


def test_a_picture_depends_on_its_seed_and_number_alone() -> None:
    picture, kinds = render_bin(4, seed=3, number=5)
    assert render_bin(4, seed=3, number=5) == (picture, kinds)
    assert render_bin(4, seed=3, number=6)[0] != picture
    assert render_bin(4, seed=4, number=5)[0] != picture
    assert len(kinds) == 4
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.format, image.mode) == ("JPEG", "RGB")
        assert 300 <= image.width <= 380
        assert np.asarray(image).std() > 10


@pytest.mark.parametrize("kind", KINDS)
def test_each_object_fills_its_tile_and_has_a_look_of_its_own(kind: str) -> None:
    tiles = [KINDS[kind]((120, 160), np.random.default_rng(look)) for look in (1, 1, 2)]
    pixels = [np.asarray(tile) for tile in tiles]
    assert {tile.size for tile in tiles} == {(120, 160)}
    assert np.array_equal(pixels[0], pixels[1])
    assert not np.array_equal(pixels[0], pixels[2])
    assert (pixels[0][..., 3] > 128).mean() > 0.5


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_each_object_can_be_seen_and_many_hide_each_other(count: int) -> None:
    shares = []
    for number in range(25):
        random = np.random.default_rng(number)
        compartment = draw_compartment(random)
        placed = arrange(count, compartment, random)
        shares.append(visible_shares(placed))
        assert len(placed) == count
        for each in placed:
            assert each.base <= compartment.front[3]
            assert all(-0.1 * WIDTH < x < 1.1 * WIDTH and y < HEIGHT for x, y in each.outline())
    least = np.array([each.min() for each in shares])
    assert least.min() >= LEAST_VISIBLE
    assert np.concatenate(shares).max() <= 1
    assert (least < 0.9).mean() >= 0.12 * (count - 1)


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("bins") / "bins"
    assert listed_bins.fetch(None, folder, count=60) == "rendered"
    return folder


def test_rendered_bins_have_the_form_of_the_original(rendered: Path) -> None:
    listed = json.loads((rendered / "file_list.json").read_text())
    assert {label: len(files) for label, files in listed.items()} == {"1": 10, "2": 13, "3": 15, "4": 14, "5": 11}
    for label, files in listed.items():
        for file in files:
            metadata = json.loads((rendered / "metadata" / Path(file).name).read_text())
            assert metadata["EXPECTED_QUANTITY"] == int(label) == len(metadata["objects"])
            assert metadata["rendered"] is True
            assert set(metadata["objects"]) <= set(KINDS)
    pictures = [path.read_bytes() for path in (rendered / "bin-images").iterdir()]
    assert len(set(pictures)) == len(pictures) == 63
    table = discern.read(rendered).table.drop_nulls("label")
    assert dict(table["label"].value_counts().iter_rows()) == {label: len(files) for label, files in listed.items()}


def test_a_local_copy_is_taken_by_its_list(rendered: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    copy = tmp_path / "copy"
    assert listed_bins.fetch(rendered, copy, count=0) == "subset"
    assert {path.name: path.read_bytes() for path in (copy / "bin-images").iterdir()} == {
        path.name: path.read_bytes() for path in (rendered / "bin-images").iterdir()
    }
    gone = next((copy / "bin-images").iterdir())
    gone.unlink()
    (copy / "metadata" / f"{gone.stem}.json").unlink()
    assert listed_bins.fetch(copy, tmp_path / "fewer", count=0) == "subset"
    assert "1 of 63 listed pictures are not there" in capsys.readouterr().out
    listed = json.loads((tmp_path / "fewer/file_list.json").read_text())
    assert gone.stem not in {Path(file).stem for files in listed.values() for file in files}


def test_a_local_copy_may_have_its_folders_in_data(rendered: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "data").symlink_to(rendered, target_is_directory=True)
    (source / "file_list.json").write_bytes((rendered / "file_list.json").read_bytes())
    assert listed_bins.fetch(source, tmp_path / "out", count=0) == "subset"


def test_an_unusable_copy_is_refused_with_the_remedy(rendered: Path, tmp_path: Path) -> None:
    texts = {"none": None, "no JSON": "bins", "a list": "[]", "no pictures": (rendered / "file_list.json").read_text()}
    for number, (name, text) in enumerate(texts.items()):
        (tmp_path / name).mkdir()
        if text is not None:
            (tmp_path / name / "file_list.json").write_text(text)
        with pytest.raises(StepFailed, match=r"DATA=.*bin-images"):
            listed_bins.fetch(tmp_path / name, tmp_path / f"out{number}", count=0)


def test_the_constant_answer_is_the_median() -> None:
    found = constant_figures(pl.Series(["1", "2", "3", "3", "5"]), ["1", "2", "3", "4", "5"])
    assert found["answer"] == "3"
    assert found["accuracy"]["value"] == pytest.approx(2 / 5)
    assert found["mae"]["value"] == pytest.approx((2 + 1 + 2) / 5)
    assert found["rmse"]["value"] == pytest.approx(((4 + 1 + 4) / 5) ** 0.5)
    assert found["confusion"] == [[0, 0, int(row in (0, 1, 4)) + 2 * (row == 2), 0, 0] for row in range(5)]
    three = found["per_class"][2]
    assert (three["precision"], three["recall"], three["support"]) == (2 / 5, 1.0, 2)


def test_labels_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(StepFailed, match="not numbers"):
        figures(None, None)


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_backbone(tmp_path_factory.mktemp("backbone") / "colour.onnx"))


@pytest.fixture(scope="module")
def trained(rendered: Path, backbone: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    runs, cache = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("cache")
    for name, order in (("plain", ()), ("ordered", ("numeric",))):
        discern.train(rendered, name=name, runs=runs, ordered=order, backbone=backbone, cache=cache)
    return runs


def test_models_stand_beside_one_constant_answer(trained: Path, tmp_path: Path) -> None:
    runs = {"<plain>": trained / "plain", "ordered": trained / "ordered"}
    table = figures_of_models(runs)
    for model, folder in zip(table["models"], runs.values(), strict=True):
        metrics = discern.open_run(folder).metrics
        assert metrics.counts is not None
        answers = discern.open_run(folder).answers
        assert model["accuracy"]["value"] == pytest.approx((answers["answer"] == answers["label"]).mean())
        assert model["rmse"]["value"] == metrics.counts.rmse.value
        assert model["mae"]["value"] == metrics.counts.mae.value
        assert table["constant"]["mae"]["value"] == pytest.approx(metrics.counts.constant_mae.value)
        assert table["constant"]["answer"] == metrics.counts.constant
        assert sum(map(sum, model["confusion"])) == table["bins"] == 63
    compared = discern.compare(*runs.values()).to_json()
    page = write_model_page(tmp_path / "models.html", table, compared, data="rendered").read_text()
    assert "The bins are rendered." in page
    assert "always 3" in page
    assert "&lt;plain&gt;" in page
    assert "<plain>" not in page
    other = write_model_page(tmp_path / "other.html", table, compared, data="subset").read_text()
    assert "rendered" not in other


def test_models_of_different_bins_are_not_compared(
    trained: Path, rendered: Path, backbone: str, tmp_path: Path
) -> None:
    discern.train(rendered, name="few", runs=tmp_path, classes=("1", "2"), backbone=backbone, cache=tmp_path / "cache")
    with pytest.raises(StepFailed, match="different bins"):
        figures_of_models({"all": trained / "plain", "few": tmp_path / "few"})


def test_answers_that_differ_are_found() -> None:
    answer = {"label": "3", "confidence": 0.5, "unknown_score": 1.0, "probabilities": {"3": 0.5}, "id": "a"}
    near = answer | {"id": "b", "probabilities": {"3": 0.5 + 1e-6}}
    assert bins.differences(answer, near) == pytest.approx(1e-6)
    with pytest.raises(StepFailed, match="'4'"):
        bins.differences(answer, answer | {"label": "4"})


def test_all_steps_have_a_function() -> None:
    assert tuple(bins.EXAMPLE.steps) == bins.EXAMPLE.required


@pytest.mark.slow
@pytest.mark.real
def test_the_example_runs_whole(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("optuna")
    out, own = tmp_path / "out", {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-m", "examples", "bins", "--pictures", "6", "--out", str(out)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads((out / "result.json").read_text())
    assert [row["name"] for row in result["steps"]] == list(bins.STEPS)
    assert all(row["ok"] and row["sha256"] and Path(row["artefact"]).exists() for row in result["steps"])
    assert result["data"] == "rendered"
    assert list(result["published"]) == ["note"]
    table = json.loads((out / "08-evaluation-of-each/models.json").read_text())
    assert [each["name"] for each in table["models"]] == list(bins.MODELS)
    assert table["data"] == "rendered"
    served = json.loads((out / "09-models-behind-one-server/server.json").read_text())["models"]
    right = {each["name"]: round(each["accuracy"]["value"] * table["bins"]) for each in table["models"]}
    assert {name: each["right"] for name, each in served.items()} == {name: right[name] for name in bins.SERVED}
    assert_test_bins_are_unseen(out)


def assert_test_bins_are_unseen(out: Path) -> None:
    """No model was trained, chosen or calibrated on a bin of the test part."""
    parts = out / "02-70-20-10-per-class/parts"
    tested = {path.name for path in parts.glob("test/*/*")}
    assert tested.isdisjoint(path.name for part in ("train", "validation") for path in parts.glob(f"{part}/*/*"))
    for step in ("03-simple-model/simple", "04-benchmark-model/benchmark", "05-tuned-model/tuned"):
        answers = discern.open_run(out / step).answers
        assert {Path(path).name for path in answers["path"]} == tested
