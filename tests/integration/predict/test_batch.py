"""`discern predict --out`: every picture once, in a file that appears when all are done."""

import csv
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import polars.selectors as cs
import pytest
from filelock import FileLock
from PIL import Image

from discern.bundle import Thresholds, load
from discern.errors import CatalogError, RunError, UsageError
from discern.flow.predict.batch import PredictToResult, predict_to
from discern.flow.predict.predict import predict
from discern.progress import Progress
from tests.unit.bundle.factories import plain, write_small
from tests.unit.flow.predict.standard_input import standard_input
from tests.unit.inference.factories import write_nan_bundle

REDS = (0, 60, 120, 128, 140, 200, 250)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("bundle") / "model.discern")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    return write_photos(tmp_path / "photos")


def write_photos(folder: Path, *, times: int = 1) -> Path:
    """Write pictures of several shades of red, a white one, which is unknown, and a broken file."""
    (folder / "deep").mkdir(parents=True)
    for number in range(times):
        for red in REDS:
            Image.fromarray(plain(red, 0, 0)).save(folder / f"{number}_{red}.png")
    Image.fromarray(plain(255, 255, 255)).save(folder / "deep" / "white.png")
    (folder / "deep" / "bad.jpg").write_text("no picture")
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))


def paths(out: Path) -> list[str]:
    return pl.read_parquet(out)["path"].to_list()


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def both(out: Path) -> tuple[Path, Path]:
    return out, out.with_stem("b")


def interrupted(number: int) -> Progress:
    """A progress callback that interrupts after a number of pictures."""

    def progress(stage: str, done: int, total: int | None) -> None:
        if stage == "predict" and done >= number:
            raise KeyboardInterrupt

    return progress


class TestFormats:
    def test_all_formats_contain_the_predictions(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        answers = {answer.path: answer.to_json() for answer in predict(bundle, [photos])}
        for kind in ("parquet", "csv", "jsonl"):
            predict_to(bundle, photos, tmp_path / f"a.{kind}")
        lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
        table = pl.read_parquet(tmp_path / "a.parquet").to_dicts()
        cells = read_csv(tmp_path / "a.csv")
        assert [line["path"] for line in lines] == [row["path"] for row in table] == [row["path"] for row in cells]
        assert {line["path"] for line in lines} == answers.keys()
        for line, row, cell in zip(lines, table, cells, strict=True):
            expected = answers[line["path"]]
            assert line.keys() == expected.keys()
            assert row["label"] == expected.get("label")
            assert row["decision"] == expected.get("decision")
            assert cell["decision"] == expected.get("decision", "")
            if "error" in expected:
                assert line["error"] == expected["error"]
                assert row["error"] == cell["error"] == expected["error"]["code"]
                assert row["confidence"] is None
                assert cell["confidence"] == ""
            else:
                assert row["p:red"] == pytest.approx(expected["probabilities"]["red"], abs=1e-4)
                assert float(cell["p:red"]) == pytest.approx(row["p:red"], abs=1e-4)
                assert row["confidence"] == max(row["p:red"], row["p:dark"])
                assert row["message"] == cell["message"] == expected["message"]

    def test_columns_depend_on_the_model(self, photos: Path, tmp_path: Path) -> None:
        names = {"red": {"name": "Red", "spoken": "It is red.", "route": "=bay 2"}}
        named = write_small(tmp_path / "named.discern", names=names, ordered=True, thresholds=Thresholds(accept=0.6))
        predict_to(named, photos, tmp_path / "a.parquet")
        table = pl.read_parquet(tmp_path / "a.parquet")
        assert table.columns[:8] == [
            *("path", "label", "decision", "confidence", "unknown_score", "set", "looks_like", "message"),
        ]
        assert table.columns[8:] == [
            *("name", "spoken", "route", "order_value", "p:dark", "p:red", "error", "error_message"),
        ]
        assert table.filter(decision="accept", label="red")["route"].unique().to_list() == ["=bay 2"]
        assert set(table["order_value"].drop_nulls()) == {0.0, 1.0}

    def test_no_cell_is_a_formula(self, photos: Path, tmp_path: Path) -> None:
        names = {"red": {"name": "=cmd|' /C calc'!A0", "spoken": "-1", "route": "@SUM(A1)"}}
        evil = write_small(
            tmp_path / "a.discern", labels=("+dark", "red"), names=names, thresholds=Thresholds(accept=0)
        )
        predict_to(evil, photos, tmp_path / "a.csv")
        rows = read_csv(tmp_path / "a.csv")
        assert {row["label"] for row in rows} == {"./+dark", "red", ""}
        assert {row["route"] for row in rows if row["label"] == "red"} == {"./@SUM(A1)"}
        cells = [cell for row in rows for cell in row.values()]
        assert not [cell for cell in cells if cell[:1] in tuple("=+@\t\r")]

    def test_sets_are_lists(self, photos: Path, tmp_path: Path) -> None:
        sets = write_small(tmp_path / "a.discern", thresholds=Thresholds(label_set=0.3))
        predict_to(sets, photos, tmp_path / "a.parquet")
        predict_to(sets, photos, tmp_path / "a.csv")
        lists = pl.read_parquet(tmp_path / "a.parquet")["set"].to_list()
        assert ["dark", "red"] in lists
        assert [json.loads(row["set"]) if row["set"] else None for row in read_csv(tmp_path / "a.csv")] == lists

    def test_excel_recognises_utf_8(self, bundle: Path, tmp_path: Path) -> None:
        folder = write_photos(tmp_path / "Äpfel")
        predict_to(bundle, folder, tmp_path / "a.csv")
        assert (tmp_path / "a.csv").read_bytes().startswith(b"\xef\xbb\xbfpath,")
        assert pl.read_csv(tmp_path / "a.csv")["path"][0].startswith(str(folder))

    @pytest.mark.parametrize("out", ["a.xlsx", "a", "a.parquet.zip"])
    def test_other_formats_are_refused_before_any_work(self, tmp_path: Path, out: str) -> None:
        with pytest.raises(UsageError, match="Unsupported output format"):
            predict_to("nowhere", "nowhere", tmp_path / out)


class TestSources:
    def test_it_reads_the_sources_of_train(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for path in sorted(photos.glob("*.png")):
                archive.write(path, f"reds/{path.name}")
        (tmp_path / "list.csv").write_text("path,label\nphotos/0_250.png,red\nphotos/none.png,red\n")
        predict_to(bundle, tmp_path / "all.zip", tmp_path / "zip.parquet")
        predict_to(bundle, tmp_path / "list.csv", tmp_path / "list.parquet")
        assert len(paths(tmp_path / "zip.parquet")) == len(REDS)
        assert paths(tmp_path / "zip.parquet")[0].startswith(f"{tmp_path}/all.zip!/reds/")
        listed = pl.read_parquet(tmp_path / "list.parquet")
        assert listed["label"].to_list() == ["red", None]
        assert listed["error"].to_list() == [None, "unreadable_file"]

    @pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
    def test_paths_lead_to_the_pictures_wherever_they_are(
        self, bundle: Path, photos: Path, tmp_path: Path, kind: str
    ) -> None:
        with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
            archive.write(photos / "0_0.png", "0.png")
        (tmp_path / "lists").mkdir()
        rows = [f"{photos}/0_60.png", "../photos/0_250.png", f"{tmp_path}/b.zip!/0.png"]
        (tmp_path / "lists" / "all.csv").write_text("\n".join(["path", *rows]))
        out = tmp_path / f"a.{kind}"
        predict_to(bundle, tmp_path / "lists" / "all.csv", out)
        if kind == "jsonl":
            found = [json.loads(line)["path"] for line in out.read_text().splitlines()]
        else:
            found = [row["path"] for row in read_csv(out)] if kind == "csv" else paths(out)
        assert found == [rows[0], f"{tmp_path}/lists/{rows[1]}", rows[2]]
        assert all(Path(path.partition("!/")[0]).is_file() for path in found)

    def test_it_reads_the_inputs_of_predict(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        names = [photos / "0_250.png", f"{photos}/0_6*.png", photos / "deep", photos / "0_250.png"]
        predict_to(bundle, names, tmp_path / "a.parquet", sheet=tmp_path / "a.html")
        one_by_one = {answer.path: answer for answer in predict(bundle, names)}
        assert paths(tmp_path / "a.parquet") == list(one_by_one)
        assert (tmp_path / "a.html").read_text().count("data:image/jpeg") == 2
        predict_to(bundle, photos / "0_0.png", tmp_path / "b.parquet")
        assert paths(tmp_path / "b.parquet") == [f"{photos}/0_0.png"]

    def test_it_reads_standard_input(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        for name in ("a.parquet", "a.csv"):
            with standard_input((photos / "0_250.png").read_bytes()):
                predict_to(bundle, "-", tmp_path / name)
        assert read_csv(tmp_path / "a.csv")[0]["path"] == "-"
        with standard_input(f"{photos}/0_250.png\n{photos}/0_0.png\n".encode()):
            predict_to(bundle, "-", tmp_path / "b.parquet")
        assert pl.read_parquet(tmp_path / "a.parquet").select("path", "label").rows() == [("-", "red")]
        assert pl.read_parquet(tmp_path / "b.parquet")["label"].to_list() == ["red", "dark"]

    def test_the_order_is_the_source_s(self, bundle: Path, tmp_path: Path) -> None:
        folder = write_photos(tmp_path / "photos", times=20)
        predict_to(bundle, folder, tmp_path / "a.parquet")
        names = [path.removeprefix(f"{folder}/") for path in paths(tmp_path / "a.parquet")]
        numbers = [tuple(map(int, name.removesuffix(".png").split("_"))) for name in names if "deep" not in name]
        assert numbers == sorted(numbers)
        assert len(numbers) == 20 * len(REDS)

    def test_an_empty_source_is_refused_and_leaves_nothing(self, bundle: Path, tmp_path: Path) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(CatalogError, match="There is no file in"):
            predict_to(bundle, tmp_path / "empty", tmp_path / "a.csv")
        assert left_in(tmp_path) == ["empty"]

    def test_output_inside_the_source_is_not_predicted(self, bundle: Path, photos: Path) -> None:
        predict_to(bundle, photos, photos / "a.parquet")
        assert len(paths(photos / "a.parquet")) == len(REDS) + 2


class TestResuming:
    @pytest.mark.parametrize("at", [0, 16, 128])
    def test_an_interrupted_job_ends_as_an_undisturbed_one(self, bundle: Path, tmp_path: Path, at: int) -> None:
        folder = write_photos(tmp_path / "photos", times=30)
        with pytest.raises(KeyboardInterrupt):
            predict_to(bundle, folder, tmp_path / "a.parquet", progress=interrupted(at))
        assert not (tmp_path / "a.parquet").exists()
        result = predict_to(bundle, folder, tmp_path / "a.parquet")
        predict_to(bundle, folder, tmp_path / "b.parquet")
        assert result.resumed >= at
        one, other = pl.read_parquet(tmp_path / "a.parquet"), pl.read_parquet(tmp_path / "b.parquet")
        # Predictions differ in the last digit with the composition of a batch.
        floats = cs.float()
        assert one.select(~floats).equals(other.select(~floats))
        difference = one.select(floats).fill_null(-1).to_numpy() - other.select(floats).fill_null(-1).to_numpy()
        assert np.abs(difference).max() <= 1e-4
        assert left_in(tmp_path) == ["a.parquet", "b.parquet", "photos"]

    @pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
    def test_resuming_uses_the_present_pictures(self, bundle: Path, tmp_path: Path, kind: str) -> None:
        """Of the pictures predicted before, one changes, one is deleted, and a new one appears between them."""
        folder, out = write_photos(tmp_path / "photos", times=10), tmp_path / f"a.{kind}"
        with pytest.raises(KeyboardInterrupt):
            predict_to(bundle, folder, out, progress=interrupted(48))
        Image.fromarray(plain(255, 255, 255)).resize((99, 99)).save(folder / "0_250.png")
        (folder / "1_0.png").unlink()
        Image.fromarray(plain(250, 0, 0)).save(folder / "1_1.png")
        result = predict_to(bundle, folder, out, sheet=tmp_path / "a.html")
        predict_to(bundle, folder, tmp_path / f"b.{kind}")
        assert 40 <= result.resumed < result.pictures == 72
        assert result.decisions["unknown"] == 2
        if kind == "jsonl":
            one, other = ([json.loads(line) for line in path.read_text().splitlines()] for path in both(out))
        else:
            read = pl.read_csv if kind == "csv" else pl.read_parquet
            one, other = (read(path).to_dicts() for path in both(out))
        assert [(row["path"], row.get("label")) for row in one] == [(row["path"], row.get("label")) for row in other]
        assert not [row for row in one if row["path"].endswith("1_0.png")]
        assert (tmp_path / "a.html").read_text().count("data:image/jpeg") == 42

    def test_resuming_predicts_no_picture_twice(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            predict_to(bundle, photos, tmp_path / "a.csv", sheet=tmp_path / "a.png", progress=interrupted(0))
        reported: list[int] = []
        predict_to(bundle, photos, tmp_path / "a.csv", progress=lambda stage, done, total: reported.append(done))
        assert reported[0] == 0

    def test_a_failed_sheet_needs_no_new_prediction(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        """The folder of the sheet cannot be created: the predictions are kept until it can."""
        (tmp_path / "place").write_text("a file")
        with pytest.raises(RunError, match=r"a\.html cannot be written"):
            predict_to(bundle, photos, tmp_path / "a.csv", sheet=tmp_path / "place" / "a.html")
        assert not (tmp_path / "a.csv").exists()
        (tmp_path / "place").unlink()
        result = predict_to(bundle, photos, tmp_path / "a.csv", sheet=tmp_path / "place" / "a.html")
        assert result.resumed == result.pictures
        assert left_in(tmp_path) == ["a.csv", "photos", "place"]

    def test_an_incomplete_part_is_ignored(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            predict_to(bundle, photos, tmp_path / "a.parquet", progress=interrupted(0))
        folder = tmp_path / ".a.parquet.unfinished"
        folder.mkdir(exist_ok=True)
        (folder / "writing").write_bytes(b"PAR1")
        assert predict_to(bundle, photos, tmp_path / "a.parquet").pictures == len(REDS) + 2

    def test_another_bundle_does_not_resume(self, bundle: Path, tmp_path: Path) -> None:
        folder = write_photos(tmp_path / "photos", times=10)
        with pytest.raises(KeyboardInterrupt):
            predict_to(bundle, folder, tmp_path / "a.csv", progress=interrupted(32))
        other = write_small(tmp_path / "other.discern", name="other")
        with pytest.raises(RunError, match="another bundle, source or version") as raised:
            predict_to(other, folder, tmp_path / "a.csv")
        assert str(tmp_path / ".a.csv.unfinished") in raised.value.hint

    @pytest.mark.parametrize("change", [lambda data: b"damaged", lambda data: data[:99] + b"x" + data[100:]])
    def test_pictures_of_a_damaged_part_are_predicted_again(
        self, bundle: Path, tmp_path: Path, change: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
    ) -> None:
        folder, (one, other) = write_photos(tmp_path / "photos", times=10), both(tmp_path / "a.csv")
        with pytest.raises(KeyboardInterrupt):
            predict_to(bundle, folder, one, progress=interrupted(32))
        (part,) = (tmp_path / ".a.csv.unfinished").glob("*.parquet")
        part.write_bytes(change(part.read_bytes()))
        assert predict_to(bundle, folder, one).resumed == 0
        assert f"A kept part of {one} cannot be used" in caplog.text
        predict_to(bundle, folder, other)
        assert [row["label"] for row in read_csv(one)] == [row["label"] for row in read_csv(other)]
        assert left_in(tmp_path) == ["a.csv", "b.csv", "photos"]

    def test_a_finished_file_is_never_written_over(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_text("mine")
        with pytest.raises(RunError, match="already a file"):
            predict_to(bundle, photos, tmp_path / "a.csv")
        (tmp_path / "b.html").write_text("mine")
        with pytest.raises(RunError, match="already a file"):
            predict_to(bundle, photos, tmp_path / "b.csv", sheet=tmp_path / "b.html")
        with pytest.raises(RunError, match=r"a\.csv and at .*b\.html") as raised:
            predict_to(bundle, photos, tmp_path / "a.csv", sheet=tmp_path / "b.html")
        assert "remove them" in raised.value.hint
        assert (tmp_path / "a.csv").read_text() == (tmp_path / "b.html").read_text() == "mine"

    def test_only_one_process_writes(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        (tmp_path / ".a.csv.unfinished").mkdir()
        with FileLock(tmp_path / ".a.csv.unfinished" / "lock"), pytest.raises(RunError, match="Another process"):
            predict_to(bundle, photos, tmp_path / "a.csv")


class TestResult:
    def test_everything_is_counted(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        result = predict_to(bundle, photos, tmp_path / "a.csv", sheet=tmp_path / "a.html")
        assert isinstance(result, PredictToResult)
        plain = result.to_json()
        assert plain["pictures"] == len(REDS) + 2
        assert plain["unusable"] == 1
        assert plain["decisions"] == {"accept": 3, "review": 4, "unknown": 1}
        assert (plain["out"], plain["sheet"]) == (str(tmp_path / "a.csv"), str(tmp_path / "a.html"))
        json.dumps(plain, allow_nan=False)

    def test_numbers_that_are_not_finite_are_missing(self, tmp_path: Path) -> None:
        bundle = write_nan_bundle(tmp_path / "nan.discern")
        photos = write_photos(tmp_path / "photos")
        predict_to(bundle, photos, tmp_path / "a.parquet")
        table = pl.read_parquet(tmp_path / "a.parquet")
        black = table.filter(pl.col("path").str.ends_with("0_0.png")).row(0, named=True)
        assert black["decision"] == "unknown"
        assert black["confidence"] is black["unknown_score"] is black["p:red"] is None
        predict_to(bundle, photos, tmp_path / "a.jsonl")
        lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
        assert [line["confidence"] for line in lines if line["path"].endswith("0_0.png")] == [None]

    def test_a_loaded_model_works_as_well(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        assert predict_to(load(bundle, threads=1), photos, tmp_path / "a.csv", threads=1).pictures == len(REDS) + 2

    def test_progress_knows_the_total(self, bundle: Path, tmp_path: Path) -> None:
        counts: list[tuple[int, int | None]] = []
        folder = write_photos(tmp_path / "photos", times=10)
        predict_to(bundle, folder, tmp_path / "a.csv", progress=lambda stage, done, total: counts.append((done, total)))
        assert counts[0] == (0, 72)
        assert counts[-1] == (72, 72)


class TestSheet:
    def test_the_sheet_shows_the_least_confident_first_and_no_accepted_ones(
        self, bundle: Path, photos: Path, tmp_path: Path
    ) -> None:
        predict_to(bundle, photos, tmp_path / "a.parquet", sheet=tmp_path / "a.html")
        page = (tmp_path / "a.html").read_text()
        table = pl.read_parquet(tmp_path / "a.parquet")
        uncertain = table.filter(pl.col("decision") != "accept").sort("confidence", "path")["path"]
        places = [page.index(f'<span class="path">{path.removeprefix(f"{photos}/")}') for path in uncertain]
        assert places == sorted(places)
        assert page.count('class="path"') == len(uncertain)
        assert "5 of 8 pictures need a person: 4 for review, 1 called unknown" in page
        assert "1 file could not be read; see a.parquet" in page
        assert page.count("data:image/jpeg") == len(uncertain)
        assert "http" not in page.replace("http-equiv", "")

    def test_the_number_of_omitted_pictures_is_named(self, bundle: Path, tmp_path: Path) -> None:
        folder = write_photos(tmp_path / "photos", times=60)
        predict_to(bundle, folder, tmp_path / "a.jsonl", sheet=tmp_path / "a.html")
        page = (tmp_path / "a.html").read_text()
        assert page.count('class="path"') == 200
        assert "The 200 least confident are shown; 41 more are in a.jsonl." in page

    def test_the_sheet_may_be_a_png(self, bundle: Path, photos: Path, tmp_path: Path) -> None:
        predict_to(bundle, photos, tmp_path / "a.csv", sheet=tmp_path / "a.png")
        pixels = np.asarray(Image.open(tmp_path / "a.png").convert("RGB"))
        for red in (120, 128, 140):
            assert (pixels == (red, 0, 0)).all(axis=2).sum() > 20 * 20

    def test_an_empty_sheet_contains_a_message(self, photos: Path, tmp_path: Path) -> None:
        sure = write_small(tmp_path / "a.discern", thresholds=Thresholds(accept=0.0))
        predict_to(sure, photos, tmp_path / "a.csv", sheet=tmp_path / "a.html")
        predict_to(sure, photos, tmp_path / "b.csv", sheet=tmp_path / "b.png")
        assert "All predictions were accepted." in (tmp_path / "a.html").read_text()

    def test_another_format_is_refused_before_any_work(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="Unsupported format of a review sheet"):
            predict_to("nowhere", "nowhere", tmp_path / "a.csv", sheet=tmp_path / "a.pdf")
