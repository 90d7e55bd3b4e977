"""An example runs its steps in order, keeps what they leave, and fails where one fails or is missing."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from examples.__main__ import names
from examples.steps import Example, Options, Run, StepFailed, digest, run_all

ROOT = Path(__file__).resolve().parent.parent.parent


def example(*required: str) -> Example:
    """Example whose first two steps are there: a file, and a folder of two files."""
    found = Example("loaf", published={"accuracy": 0.5}, required=required or ("flour", "dough"))

    @found.step("flour")
    def flour(run: Run) -> Path:
        run.data, run.ours = "rendered", {"value": 0.9, "low": 0.8, "high": 1.0}
        with (run.out / "flour.txt").open("a") as file:
            file.write("flour")
        return run.out / "flour.txt"

    @found.step("dough")
    def dough(run: Run) -> Path:
        run.step_data = "stand-in"
        (run.out / "dough/inner").mkdir(parents=True, exist_ok=True)
        for name in ("inner/b", "a"):
            (run.out / "dough" / name).write_text(run.artefact("flour").read_text() + name)
        return run.out / "dough"

    return found


def run(made: Example, out: Path, *, resume: bool = False, **options: Any) -> tuple[int, dict[str, Any]]:
    """Exit code and result of a run."""
    code = run_all(made, out, Options(**options), resume=resume)
    return code, json.loads((out / "result.json").read_text())


def test_a_run_leaves_its_result(tmp_path: Path) -> None:
    code, result = run(example(), tmp_path / "out")
    assert code == 0
    assert list(result) == ["published", "ours", "data", "steps"]
    assert (result["published"], result["data"]) == ({"accuracy": 0.5}, "rendered")
    assert result["ours"] == {"value": 0.9, "low": 0.8, "high": 1.0}
    flour, dough = result["steps"]
    assert list(flour) == ["name", "seconds", "ok", "artefact", "sha256"]
    assert flour["sha256"] == hashlib.sha256(b"flour").hexdigest()
    assert (Path(flour["artefact"]), Path(dough["artefact"])) == (tmp_path / "out/flour.txt", tmp_path / "out/dough")
    listed = "".join(f"{hashlib.sha256(f'flour{name}'.encode()).hexdigest()}  {name}\n" for name in ("a", "inner/b"))
    assert dough["sha256"] == hashlib.sha256(listed.encode()).hexdigest()
    assert dough["data"] == "stand-in"
    assert all(row["ok"] and row["seconds"] >= 0 for row in result["steps"])


def raising(run: Run) -> Path:
    raise ValueError("the oven is cold")


def without_artefact(run: Run) -> Path:
    return run.out / "bread.txt"


def empty_folder(run: Run) -> Path:
    (run.out / "bread").mkdir()
    return run.out / "bread"


def returning_nothing(run: Run) -> Any:
    return None


def asking_for_a_later_step(run: Run) -> Path:
    return run.artefact("crumbs")


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (raising, "the oven is cold"),
        (without_artefact, "bread.txt does not exist"),
        (empty_folder, "an empty folder"),
        (returning_nothing, "returned no path"),
        (asking_for_a_later_step, "'crumbs' has not run"),
        (None, "The step is missing"),
    ],
)
def test_a_failed_or_missing_step_fails_the_run(
    function: Any, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = example("flour", "bread", "dough", "crumbs")
    if function:
        made.step("bread")(function)
    code, result = run(made, tmp_path / "out")
    assert code == 1
    assert message in capsys.readouterr().err
    assert {row["name"]: row["ok"] for row in result["steps"]} == {
        "flour": True,
        "bread": False,
        "dough": False,
        "crumbs": False,
    }
    assert result["steps"][1] | {"seconds": 0} == {
        "name": "bread",
        "seconds": 0,
        "ok": False,
        "artefact": None,
        "sha256": None,
    }
    assert not (tmp_path / "out/dough").exists()


def test_a_step_that_is_not_required_is_refused() -> None:
    for name in ("butter", "flour"):
        with pytest.raises(ValueError, match=name):
            example().step(name)


def test_a_resumed_run_keeps_what_is_complete(tmp_path: Path) -> None:
    made = example("flour", "dough", "bread")
    run(made, tmp_path / "out")
    made.step("bread")(lambda run: run.artefact("dough") / "a")
    code, result = run(made, tmp_path / "out", resume=True)
    assert code == 0
    assert (tmp_path / "out/flour.txt").read_text() == "flour"  # not written again
    assert (result["data"], result["ours"]["value"]) == ("rendered", 0.9)
    assert result["steps"][1]["data"] == "stand-in"


def test_a_step_replaces_published_figures_for_data_that_cannot_be_compared(tmp_path: Path) -> None:
    made = example("flour", "dough", "bread")

    @made.step("bread")
    def bread(run: Run) -> Path:
        run.published = {"note": "No other bread is rendered."}
        return run.artefact("flour")

    for resume in (False, True):
        _, result = run(made, tmp_path / "out", resume=resume)
        assert result["published"] == {"note": "No other bread is rendered."}
    assert made.published == {"accuracy": 0.5}


def test_a_resumed_run_repeats_from_an_artefact_that_has_changed(tmp_path: Path) -> None:
    run(example(), tmp_path / "out")
    (tmp_path / "out/dough/a").write_text("burnt")
    code, _ = run(example(), tmp_path / "out", resume=True)
    assert code == 0
    assert (tmp_path / "out/dough/a").read_text() == "floura"
    assert (tmp_path / "out/flour.txt").read_text() == "flour"
    (tmp_path / "out/flour.txt").write_text("sand")
    run(example(), tmp_path / "out", resume=True)
    assert (tmp_path / "out/flour.txt").read_text() == "flour"


def test_a_run_with_other_options_begins_again(tmp_path: Path) -> None:
    run(example(), tmp_path / "out")
    (tmp_path / "out/left over").touch()
    run(example(), tmp_path / "out", resume=True, pictures=3)
    assert not (tmp_path / "out/left over").exists()


def test_a_step_begins_with_an_empty_folder(tmp_path: Path) -> None:
    made, fails = example("flour", "dough", "bread"), [True]

    @made.step("bread")
    def bread(run: Run) -> Path:
        (run.folder / "loaf").mkdir()
        (run.folder / "loaf/crust").touch()
        if fails.pop():
            fails.append(False)
            raise StepFailed("It is burnt.")
        return run.folder / "loaf"

    assert run(made, tmp_path / "out")[0] == 1
    code, result = run(made, tmp_path / "out", resume=True)
    assert code == 0
    assert Path(result["steps"][2]["artefact"]) == tmp_path / "out/03-bread/loaf"


def test_a_resumed_run_repeats_what_was_in_memory(tmp_path: Path) -> None:
    def made() -> Example:
        found = example("flour", "oven", "dough")

        @found.step("oven", in_memory=True)
        def oven(run: Run) -> Path:
            run.memory.oven = "hot"
            with (run.out / "oven.txt").open("a") as file:
                file.write("on,")
            return run.out / "oven.txt"

        return found

    run(made(), tmp_path / "out")
    for resumed in ("on,on,", "on,on,on,"):
        assert run(made(), tmp_path / "out", resume=True)[0] == 0
        assert (tmp_path / "out/oven.txt").read_text() == resumed
        assert (tmp_path / "out/flour.txt").read_text() == "flour"


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").touch()
    assert run_all(example(), tmp_path, Options()) == 1
    assert "contains other files" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_what_steps_open_is_closed(tmp_path: Path) -> None:
    closed: list[str] = []
    made = example("flour", "dough", "bread")

    @made.step("bread")
    def bread(run: Run) -> Path:
        run.closing.callback(closed.append, "oven")
        raise StepFailed("It is burnt.")

    assert run_all(made, tmp_path / "out", Options()) == 1
    assert closed == ["oven"]


def test_what_is_not_there_has_no_digest(tmp_path: Path) -> None:
    assert digest(tmp_path / "none") == ""


def test_an_unknown_name_is_answered_with_the_names() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "examples", "muffins"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "There is no example 'muffins'" in done.stderr
    assert all(name in done.stderr for name in names())
    assert "scones" in names()
    assert "Traceback" not in done.stderr
