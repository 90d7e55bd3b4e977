"""The files of continuous integration are complete, well-formed and quoted."""

import json
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from discern.errors import UsageError
from discern.shipping.ci.ci_recipe import CiRecipe
from discern.shipping.ci.ci_target import CiOptions, CiTarget
from tests.unit.shipping.factories import shipped

RECIPE = CiRecipe(
    name="fruits",
    data="pictures",
    facts={"format": 1, "config": {"seed": 0}},
    files={"ci/example.jpg": b"jpg"},
    words=("--classes", "a b,c"),
    sha256="0" * 64,
    findings=0,
    accuracy=0.8992,
)


def written(tmp_path: Path, recipe: CiRecipe = RECIPE, **options: object) -> dict[str, str]:
    bundle = shipped(tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    plan = CiTarget().plan(bundle, out, CiOptions(recipe=recipe, **options))  # type: ignore[arg-type]
    found = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    assert sorted(found) == list(plan.files)
    return {name: path.read_text("utf-8") for name, path in found.items()}


def test_all_files_are_written_and_no_placeholder_is_left(tmp_path: Path) -> None:
    files = written(tmp_path)
    assert set(files) == {
        ".github/workflows/discern.yml",
        "ci/README.md",
        "ci/example.jpg",
        "ci/requirements.txt",
        "ci/run.sh",
        "ci/run/run.json",
    }
    assert [name for name, text in files.items() if re.search(r"@[A-Z0-9_]+@", text)] == []
    assert json.loads(files["ci/run/run.json"]) == RECIPE.facts


def test_the_workflow_has_the_form_of_github_s(tmp_path: Path) -> None:
    """It is checked by hand: its keys, the order of the jobs, the permissions and the actions."""
    flow = yaml.safe_load(written(tmp_path)[".github/workflows/discern.yml"])
    assert flow.keys() == {"name", True, "permissions", "concurrency", "env", "jobs"}  # YAML 1.1 reads `on` as true
    assert flow[True].keys() == {"push", "pull_request", "workflow_dispatch"}
    assert flow["permissions"] == {"contents": "read"}
    assert all(isinstance(value, str) for value in flow["env"].values())
    jobs = flow["jobs"]
    assert jobs["ship"]["needs"] == "model"
    steps = [step for job in jobs.values() for step in job["steps"]]
    assert all(("run" in step) != ("uses" in step) for step in steps)
    assert {key for step in steps for key in step} <= {"run", "uses", "with", "env", "if"}
    assert all(job["timeout-minutes"] for job in jobs.values())
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"]) for step in steps if "uses" in step)
    said = [step["run"].removeprefix("sh ci/run.sh ") for step in steps if "ci/run.sh" in step.get("run", "")]
    assert said == ["check", "train", "evaluate", "smoke", "smoke ship"]


def test_secrets_are_given_to_the_last_job_alone(tmp_path: Path) -> None:
    flow = yaml.safe_load(written(tmp_path)[".github/workflows/discern.yml"])
    assert "secrets." not in json.dumps(flow["jobs"]["model"])
    assert flow["jobs"]["ship"]["environment"] == "production"
    assert "refs/heads/main" in flow["jobs"]["ship"]["if"]
    checkouts = [job["steps"][0]["with"] for job in flow["jobs"].values()]
    assert all(each["persist-credentials"] is False for each in checkouts)


def test_the_minimum_is_the_run_s_own_rounded_down_or_the_given_one(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert "AT_LEAST=accuracy=0.89\n" in written(tmp_path / "a")["ci/run.sh"]
    floors = {"accuracy": 0.9, "macro_f1": 0.8}
    assert "AT_LEAST='accuracy=0.9 macro_f1=0.8'\n" in written(tmp_path / "b", at_least=floors)["ci/run.sh"]
    (tmp_path / "c").mkdir()
    with pytest.raises(UsageError, match="measured no accuracy"):
        written(tmp_path / "c", replace(RECIPE, accuracy=None))


def test_findings_fail_only_where_there_are_none_yet(tmp_path: Path) -> None:
    for findings, check in ((0, "strict"), (3, "report")):
        (tmp_path / check).mkdir()
        files = written(tmp_path / check, replace(RECIPE, findings=findings))
        assert yaml.safe_load(files[".github/workflows/discern.yml"])["env"]["CHECK"] == check
        assert f"CHECK={check}\n" in files["ci/run.sh"]


@pytest.mark.parametrize("hostile", ["it's $(touch x)", 'a"b `c`', "-rf ; exit", "ünï ${{ secrets.X }}", "a\nb: c"])
def test_names_and_paths_stay_text(hostile: str, tmp_path: Path) -> None:
    """Neither a shell nor YAML takes a part of them for its own."""
    files = written(tmp_path, replace(RECIPE, name=hostile, data=hostile, words=("--label-from", hostile)))
    script = files["ci/run.sh"]
    assigned = script[script.index("[ -n") : script.index("discern()")]
    shown = subprocess.run(
        ["sh", "-c", f'{assigned}\nprintf "%s\\0" "$DATA" "$TEST" "$NAME"'],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert shown.split("\0")[:3] == [hostile] * 3
    flow = yaml.safe_load(files[".github/workflows/discern.yml"])
    assert flow["env"]["DATA"] == hostile.replace("${{", "${{ '${{' }}")
    assert subprocess.run(["sh", "-n", "-c", script], check=False).returncode == 0


@pytest.mark.parametrize(
    ("data", "patterns"),
    [("the 'pictures'", "'ci/requirements.txt', 'the ''pictures''/**'"), ("s3://b/p", "'ci/requirements.txt'")],
)
def test_the_pictures_key_the_cache_unless_they_are_in_a_bucket(data: str, patterns: str, tmp_path: Path) -> None:
    assert f"hashFiles({patterns})" in written(tmp_path, replace(RECIPE, data=data))[".github/workflows/discern.yml"]


def test_without_a_test_part_the_held_out_predictions_judge(tmp_path: Path) -> None:
    few = replace(RECIPE, has_test_part=False)
    for name in "abc":
        (tmp_path / name).mkdir()
    assert "TEST=held-out\n" in written(tmp_path / "a", few)["ci/run.sh"]
    assert "TEST=more\n" in written(tmp_path / "b", few, test="more")["ci/run.sh"]
    with pytest.raises(UsageError, match="not macro_f1"):
        written(tmp_path / "c", few, at_least={"macro_f1": 0.5})


def test_another_target_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="'moon'") as refused:
        CiOptions(deploy="moon")
    assert "container" in refused.value.hint


def test_no_repository_is_changed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="changes no repository"):
        CiTarget().create(shipped(tmp_path), tmp_path, CiOptions(recipe=RECIPE))


def test_the_same_run_gives_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert written(tmp_path / "a") == written(tmp_path / "b")
