"""docs/formats/ is true: tables are generated, and real outputs have the documented files, columns, keys and types."""

import csv
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tools import write_formats_reference as reference

from discern.catalog import Catalog
from discern.catalog.fixes import ACTIONS
from discern.catalog.label_names import read_names
from discern.catalog.left_out import REASONS
from discern.catalog.table import COLUMNS
from discern.cli.exit_codes import EXIT_CODES
from discern.errors import NamesError
from discern.flow.predict.answer_table import INTERNAL, schema
from discern.reporting.plots.class_counts import count_classes
from discern.reporting.plots.distribution import measure_distributions
from discern.serving.web import container_entry
from tests.compatibility.stored_files import FORMAT_1
from tests.e2e.format_pages import Checker, read_manifest, read_page
from tests.e2e.server_process import Workspace
from tests.unit.bundle.factories import make_manifest, write_small

ROOT = reference.FOLDER.parent.parent
STORED = FORMAT_1 / "finished"
COMMANDS = ("check", "split", "train", "evaluate")


@dataclass(frozen=True)
class Runs:
    """Real outputs: a run of each command, the parts that `split` wrote, and a check of these."""

    check: Path
    split: Path
    train: Path
    evaluate: Path
    parts: Path
    given: Path

    def of(self, command: str) -> Path:
        """Run folder of a command."""
        path: Path = getattr(self, command)
        return path


@pytest.fixture(scope="module")
def runs(workspace: Workspace, trained: Any, fresh: Path) -> Runs:
    """Runs on the photos; one picture is dropped and one relabelled by fixes for the check."""
    fixes = workspace.folder / "formats.csv"
    lines = [f"{colour}/{workspace.picture(colour).name}" for colour in ("red", "blue")]
    fixes.write_text(f"path,action,value\n{lines[0]},drop,\n{lines[1]},relabel,green\n", encoding="utf-8")
    checking = workspace.look("check", workspace.photos, "--fixes", fixes, "--name", "formats-check", "--json")
    checked = json.loads(checking.out)
    split = workspace.work("split", workspace.photos, "--out", "formats-parts", "--name", "formats-split")
    models = (trained["bundle"], fresh, "--against", STORED / "model.discern", "--name", "formats-evaluate")
    evaluated = workspace.json("evaluate", *models, "--cache", workspace.cache)
    given = workspace.work("check", split["out"], "--name", "formats-given")["run"]
    folders = (checked["run"], split["run"], trained["run"], Path(evaluated["page"]).parent, split["out"], given)
    return Runs(*map(Path, folders))


def load(path: Path) -> Any:
    """Content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def header(path: Path) -> list[str]:
    """Columns of a CSV file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file))


@pytest.mark.parametrize("path", reference.pages(), ids=lambda path: path.name)
def test_the_generated_tables_are_current(path: Path) -> None:
    assert path.read_text("utf-8") == reference.page(path), "run `make docs`"


def test_every_generated_table_is_used_once() -> None:
    text = "".join(path.read_text("utf-8") for path in reference.pages())
    names = re.findall(r"^<!-- ([\w-]+) -->$", text, re.MULTILINE)
    assert sorted(name for name in names if name != "end") == sorted(reference.GENERATED)


def test_links_lead_to_sections() -> None:
    pages = [ROOT / "docs/formats.md", *reference.pages()]
    for page in pages:
        for name, anchor in re.findall(r"\]\(((?:formats/)?[\w-]+\.md)?#([\w-]+)\)", page.read_text("utf-8")):
            target = page.parent / name if name else page
            if target.parent.name == "formats":
                assert anchor in read_page(target.name).tables, f"{page.name}: {target.name}#{anchor}"


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_run_folders_have_the_documented_files(command: str, runs: Runs) -> None:
    (table,) = read_page("run.md").tables["run-folder"]
    documented = {row["File"].strip("`") for row in table if command in row["Written by"].split(", ")}
    assert {path.name for path in runs.of(command).iterdir()} == documented - {"plots/"}


@pytest.mark.slow
def test_run_json_has_the_documented_keys(runs: Runs) -> None:
    checker = Checker()
    options = read_page("run.md").tables["configuration"]
    assert len(options) == 2
    for command in COMMANDS:
        facts = load(runs.of(command) / "run.json")
        checker.check_object(facts, "run.md", "runjson", f"{command}: run.json")
        checker.check_keys(facts["config"], config_types(command), "run.md", "configuration", f"{command}: config")
    assert checker.problems == []
    assert [
        key
        for key in checker.unseen("run.md")
        if key.startswith(("runjson", "data", "changes", "applied-fixes", "configuration."))
    ] == ["runjson.chosen_by", "runjson.ungrouped"]


def config_types(command: str) -> dict[str, str]:
    """Documented options of a command, with their types."""
    page = read_page("run.md")
    prepared, training = (
        {row["Key"].strip("`"): row["Type"] for row in table} for table in page.tables["configuration"]
    )
    return {
        "check": prepared,
        "split": prepared | page.types("configuration-of-split"),
        "train": prepared | training,
        "evaluate": page.types("configuration-of-evaluate"),
    }[command]


@pytest.mark.slow
def test_split_json_has_the_documented_keys(runs: Runs) -> None:
    checker = Checker()
    for command in ("split", "train"):
        checker.check_object(load(runs.of(command) / "split.json"), "run.md", "splitjson")
    checker.check_object(load(STORED / "split.json"), "run.md", "splitjson")
    assert checker.problems == []
    sections = ("splitjson", "proof", "proof-of-one-part", "distances", "closest-pair")
    assert [key for key in checker.unseen("run.md") if key.split(".")[0] in sections] == []


def columns(anchor: str) -> list[tuple[str, str]]:
    """Documented columns of a Parquet file of a run, with their types."""
    page = read_page("run.md")
    return list(zip(page.column(anchor, "Column"), page.column(anchor, "Type"), strict=True))


def real_columns(path: Path) -> list[tuple[str, str]]:
    """Columns of a Parquet file, with their types."""
    return [(column, str(kind)) for column, kind in pl.read_parquet_schema(path).items()]


@pytest.mark.slow
def test_parquet_files_have_the_documented_columns(runs: Runs) -> None:
    for name in ("catalog", "answers", "edges", "findings"):
        assert real_columns(runs.train / f"{name}.parquet") == columns(f"{name}parquet"), name
    assert real_columns(runs.train / "validation.parquet") == columns("answersparquet")
    assert real_columns(runs.evaluate / "answers.parquet") == columns("answersparquet-of-an-evaluation")
    assert columns("catalogparquet") == [(column, str(kind)) for column, kind in COLUMNS.items()]


@pytest.mark.slow
def test_the_catalog_has_the_documented_metadata(runs: Runs) -> None:
    checker = Checker()
    facts = json.loads(pl.read_parquet_metadata(runs.train / "catalog.parquet")["discern"])
    checker.check_object(facts, "run.md", "metadata-of-the-catalog")
    assert checker.problems == []
    words = {row["Key"]: row["Meaning"] for row in read_page("run.md").tables["metadata-of-the-catalog"][0]}
    assert words["`format`"] == f"version of the catalog; {facts['format']}"


@pytest.mark.slow
def test_figures_have_the_documented_names_and_keys(runs: Runs) -> None:
    catalogs = [Catalog.load_table(folder / "catalog.parquet") for folder in (runs.train, runs.given)]
    (figures,) = read_page("run.md").tables["plots"]
    documented = {name: row["Keys of its JSON"] for row in figures for name in re.findall(r"`(\w+)`", row["Figure"])}
    checker = Checker()
    for catalog in catalogs:
        found: dict[str, Any] = {"pictures_per_class": count_classes(catalog).to_json()}
        for each in measure_distributions(catalog):
            found |= {each.measure.name: each.histogram_json(), f"{each.measure.name}_by_class": each.classes_json()}
        assert found.keys() == documented.keys()
        for name, numbers in found.items():
            checker.check(json.loads(json.dumps(numbers)), documented[name], "run.md", name)
    assert checker.problems == []
    sections = ("class-counts", "count-of-a-class", "histogram", "ranges-by-class", "range")
    assert [key for key in checker.unseen("run.md") if key.split(".")[0] in sections] == []


@pytest.mark.slow
def test_metrics_json_has_the_documented_keys(runs: Runs) -> None:
    checker = Checker()
    checker.check_object(load(runs.train / "metrics.json"), "metrics.md", "metricsjson", "trained")
    checker.check_object(load(STORED / "metrics.json"), "metrics.md", "metricsjson", "stored")
    assert checker.problems == []


def evaluations(workspace: Workspace, runs: Runs, fresh: Path) -> Iterator[Any]:
    """Results of evaluations that together have all optional parts."""
    yield load(runs.evaluate / "evaluation.json")
    negatives = fresh.parent / "formats-negatives"
    if not negatives.exists():
        shutil.copytree(fresh / "red", negatives)
    plain = ("--no-page", "--cache", workspace.cache)
    yield workspace.json("evaluate", STORED / "model.discern", fresh, "--negatives", negatives, *plain)
    numbers = fresh.parent / "formats-numbers"
    if not numbers.exists():
        for label, colour in {"1": "blue", "2": "red"}.items():
            shutil.copytree(fresh / colour, numbers / label)
    counts = write_small(fresh.parent / "numbers.discern", labels=("1", "2"))
    yield workspace.json("evaluate", counts, numbers, "--group-by", r"\d+", *plain)
    names = fresh.parent / "formats-names.csv"
    names.write_text("label,alias\nscarlet,red", encoding="utf-8")
    renamed = fresh.parent / "formats-renamed.discern"
    workspace.json("rename", STORED / "model.discern", "--names", names, "--out", renamed)
    done = workspace.call("evaluate", renamed, fresh, *plain, "--json")
    yield json.loads(done.out)


@pytest.mark.slow
def test_evaluations_have_the_documented_keys(workspace: Workspace, runs: Runs, fresh: Path) -> None:
    page, checker = read_page("metrics.md"), Checker()
    left_out = re.findall(r"`(\w+)`", page.prose["comparison"])
    common = {key: kind for key, kind in page.types("evaluationjson").items() if key not in left_out}
    for number, result in enumerate(evaluations(workspace, runs, fresh)):
        compared = result["against"]
        checker.check_object(result | {"against": []}, "metrics.md", "evaluationjson", f"evaluation {number}")
        for each in compared:
            checker.check_keys(each, common | page.types("comparison"), "metrics.md", "comparison", "comparison")
    assert checker.problems == []
    sections = ("evaluationjson", "measured-policy", "measured-sets", "measured-order", "measured-counts")
    wanted = (*sections, "comparison", "paired-difference", "unknown-metrics")
    assert [key for key in checker.unseen("metrics.md") if key.split(".")[0] in wanted] == []


@pytest.mark.slow
def test_written_tables_have_the_documented_columns(runs: Runs) -> None:
    page = read_page("tables.md")
    assert header(runs.check / "fixes.csv") == page.column("fixescsv", "Column")
    assert header(runs.check / "left_out.csv") == page.column("left_outcsv", "Column")
    assert header(runs.parts / "split.csv") == page.column("parts-of-a-split", "Column")
    for part in ("train", "validation", "test"):
        line = (runs.parts / f"{part}.lst").read_text("utf-8").splitlines()[0]
        assert re.fullmatch(rf"0\t\d\t{part}/\w+/[^\t]+", line)


def test_the_words_in_tables_are_documented() -> None:
    page = read_page("tables.md")
    assert page.column("fixescsv", "Action", table=1) == list(ACTIONS)
    assert page.column("left_outcsv", "Reason", table=1) == list(REASONS)


def test_names_are_read_from_the_documented_columns(tmp_path: Path) -> None:
    columns = read_page("tables.md").column("namescsv", "Column")
    path = tmp_path / "names.csv"
    path.write_text(",".join(columns) + "\nred" + ",x" * (len(columns) - 1), encoding="utf-8")
    assert read_names(path, ["red"]).keys() == {"red"}
    path.write_text("label\nred", encoding="utf-8")
    with pytest.raises(NamesError, match=f"must be {','.join(columns)} "):
        read_names(path, ["red"])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["csv", "parquet", "jsonl"])
@pytest.mark.parametrize("bundle", ["trained", "stored"])
def test_predictions_have_the_documented_columns(
    suffix: str, bundle: str, workspace: Workspace, trained: Any, fresh: Path, tmp_path: Path
) -> None:
    path = {"trained": trained["bundle"], "stored": STORED / "model.discern"}[bundle]
    labels = read_manifest(Path(path))["labels"]
    (fresh.parent / "formats-notes.jpg").write_text("Ask in bay 2.", encoding="utf-8")
    out = tmp_path / f"answers.{suffix}"
    workspace.json("predict", path, fresh, fresh.parent / "formats-notes.jpg", "--out", out)
    named, ordered = bundle == "stored", bundle == "stored"
    documented = dict(prediction_columns(labels, named=named, ordered=ordered))
    if suffix == "csv":
        assert header(out) == list(documented)
    elif suffix == "parquet":
        found = pl.read_parquet_schema(out)
        assert {name: str(kind) for name, kind in found.items()} == documented
        assert list(found) == list(documented)
    else:
        check_lines([json.loads(line) for line in out.read_text("utf-8").splitlines()])


def prediction_columns(labels: list[str], *, named: bool, ordered: bool) -> Iterator[tuple[str, str]]:
    """Documented columns of predictions by a model, with their types."""
    for row in read_page("tables.md").tables["predictions"][0]:
        name, kind = row["Column"].strip("`"), row["Type"].removesuffix(", optional")
        if name == "p:LABEL":
            yield from ((f"p:{label}", kind) for label in labels)
        elif row["Type"] == kind or (ordered if name == "order_value" else named):
            yield name, kind


def check_lines(lines: list[dict[str, Any]]) -> None:
    """Compare lines of JSON with the documented prediction."""
    checker, failed = Checker(), 0
    for line in lines:
        assert isinstance(line.pop("path"), str)
        if "error" in line:
            failed += 1
            assert (line.keys(), line["error"].keys()) == ({"error"}, {"code", "message", "hint"})
        else:
            checker.check_object(line, "http.md", "prediction")
    assert (checker.problems, failed) == ([], 1)


def test_the_table_of_predictions_is_that_of_the_code() -> None:
    names = {"red": {"name": "Red", "spoken": "", "route": ""}}
    made = make_manifest(names=names, labels=("dark", "red"), ordered=True)
    columns = {name: str(kind) for name, kind in schema(made, ".parquet").items() if name not in INTERNAL}
    assert list(columns.items()) == list(prediction_columns(["dark", "red"], named=True, ordered=True))


@pytest.mark.slow
def test_the_list_of_sorted_pictures_has_the_documented_columns(
    workspace: Workspace, trained: Any, fresh: Path
) -> None:
    undo = workspace.json("predict", trained["bundle"], fresh, "--sort", "formats-sorted")["undo"]
    assert header(Path(undo)) == read_page("tables.md").column("undocsv", "Column")


def test_exit_codes_are_in_the_command_reference() -> None:
    text = (ROOT / "docs/cli.md").read_text("utf-8")
    assert re.findall(r"^\| (\d+) \| (.*) \|$", text, re.M) == [(str(code), why) for code, why in EXIT_CODES.items()]
    using = set(re.findall(r"^## discern (\w+)\n(?:(?!^## ).*\n)*?Exit codes: 0, 1,", text, re.MULTILINE))
    assert set(read_page("command-line.md").column("exit-codes", "Command")) == using


def test_environment_variables_are_documented() -> None:
    """Those of the commands, of the function and of the server in a container, each on its page."""
    pages = [(ROOT / "docs" / name).read_text("utf-8") for name in ("formats/command-line.md", "lambda.md")]
    in_tables = [line for page in pages for line in page.splitlines() if line.startswith("| `")]
    documented = {name for line in in_tables for name in re.findall(r"`((?:DISCERN|ORT)_[A-Z_]+)`", line)}
    sources = "".join(path.read_text("utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r"""["']((?:DISCERN|ORT)_[A-Z_]+)["']""", sources)) == documented
    server = set(re.findall(r"`(DISCERN_[A-Z_]+)`", (ROOT / "docs/hosting.md").read_text("utf-8")))
    assert server - {"DISCERN_"} == {f"DISCERN_{name}" for name in container_entry.VARIABLES}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems name their folders otherwise")
def test_the_environment_moves_the_cache(tmp_path: Path) -> None:
    code = "from discern.store import default_folder; print(default_folder())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"XDG_CACHE_HOME": str(tmp_path), "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(tmp_path / "discern")
