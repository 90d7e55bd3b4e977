"""Run folders: names, locks, resumption, and files that are whole or absent."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from discern.errors import DataError, RunError, RunStopped, UsageError
from discern.flow.run import Run, is_own, versions
from discern.progress import silent

CONFIG = {"seed": 0, "source": "photos"}


def create(runs: Path, *, name: str | None = "one", resume: bool = False, **config: object) -> Run:
    return Run.create(Path("photos"), name=name, runs=runs, resume=resume, config=CONFIG | config)


def test_a_run_is_named_after_its_source_and_a_number(tmp_path: Path) -> None:
    names = [create(tmp_path, name=None).folder.name for _ in range(3)]
    assert names == ["photos-1", "photos-2", "photos-3"]


def test_an_archive_gives_its_name_without_suffix(tmp_path: Path) -> None:
    run = Run.create(Path("some/photos.tar.gz"), name=None, runs=tmp_path, resume=False, config={})
    assert run.folder.name == "photos-1"


def test_a_taken_name_is_refused_with_a_remedy(tmp_path: Path) -> None:
    create(tmp_path)
    with pytest.raises(RunError, match="--resume"):
        create(tmp_path)


@pytest.mark.parametrize("name", ["a/b", "..", ".", "", "../up"])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RunError, match="Invalid run name"):
        create(tmp_path, name=name)


def test_resuming_continues_in_the_same_folder(tmp_path: Path) -> None:
    first = create(tmp_path)
    first.save(marker=5)
    assert create(tmp_path, resume=True).facts["marker"] == 5


def test_resuming_a_missing_run_starts_it(tmp_path: Path) -> None:
    assert create(tmp_path, resume=True).facts["status"] == "running"


def test_resuming_a_run_killed_before_run_json_starts_it(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    folder.mkdir()
    (folder / ".123.run.json").write_text("{")
    assert create(tmp_path, resume=True).facts["status"] == "running"


def test_resuming_never_takes_another_folder(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "thesis.txt").write_text("mine")
    with pytest.raises(RunError):
        create(tmp_path, resume=True)


def test_resuming_with_other_options_names_them(tmp_path: Path) -> None:
    create(tmp_path)
    with pytest.raises(RunError, match="another seed"):
        create(tmp_path, resume=True, seed=1)


def test_a_run_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    create(tmp_path).save(format=99)
    with pytest.raises(RunError, match="Upgrade"):
        create(tmp_path, resume=True)


def test_tuples_in_the_options_survive_json(tmp_path: Path) -> None:
    create(tmp_path, parts=(70, 20, 10))
    assert create(tmp_path, resume=True, parts=(70, 20, 10)).facts["config"]["parts"] == [70, 20, 10]


def test_files_appear_whole_or_not_at_all(tmp_path: Path) -> None:
    run = create(tmp_path)

    def write_half() -> None:
        with run.replacing("report.html") as path:
            path.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert sorted(path.name for path in run.folder.iterdir()) == ["run.json"]


def test_only_one_process_works_on_a_run(tmp_path: Path) -> None:
    run = create(tmp_path)
    with run.locked(), pytest.raises(RunError, match="Another process"), Run(run.folder).locked():
        pass


def fail(run: Run, error: Exception) -> None:
    with run.locked():
        raise error


def test_a_new_run_that_failed_frees_its_name_but_one_that_can_be_resumed_stays(tmp_path: Path) -> None:
    run = create(tmp_path)
    with pytest.raises(RunStopped):
        fail(run, RunStopped("The disk is full."))
    assert run.folder.exists()
    again = create(tmp_path, resume=True)
    with pytest.raises(DataError):
        fail(again, DataError("There are no pictures."))
    assert run.folder.exists(), "a run that was resumed stays in any case"
    other = create(tmp_path / "other")
    with pytest.raises(DataError):
        fail(other, DataError("There are no pictures."))
    assert not other.folder.exists()


def test_stages_are_timed_and_add_up(tmp_path: Path) -> None:
    run = create(tmp_path)
    for _ in range(2):
        with run.stage("scan", silent):
            pass
    assert set(run.facts["seconds"]) == {"scan"}
    assert run.facts["seconds"]["scan"] >= 0


def test_run_json_holds_what_determines_a_result(tmp_path: Path) -> None:
    facts = json.loads(create(tmp_path).path("run.json").read_text())
    assert facts["config"] == CONFIG
    assert facts["versions"] == versions()
    assert {"discern", "numpy", "onnxruntime"} <= set(facts["versions"])


class TestKeptFiles:
    @pytest.fixture
    def run(self, tmp_path: Path) -> Run:
        first = create(tmp_path)
        first.write_json("split.json", {"a": 1})
        first.keep("split.json")
        return create(tmp_path, resume=True)

    def test_a_file_as_it_was_completed_is_kept(self, run: Run, caplog: pytest.LogCaptureFixture) -> None:
        assert run.has_kept("split.json")
        assert not run.has_kept("none.json")
        assert not caplog.records

    @pytest.mark.parametrize(
        "change",
        [
            lambda path: path.write_text("{}"),
            lambda path: path.write_bytes(path.read_bytes()[:-1]),
            lambda path: (path.unlink(), path.mkdir(), (path / "file").touch()),
            lambda path: (path.unlink(), path.symlink_to("nowhere")),
            lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
        ],
    )
    def test_a_damaged_file_is_removed_and_said_to_be(
        self, run: Run, change: Callable[[Path], object], caplog: pytest.LogCaptureFixture
    ) -> None:
        change(run.path("split.json"))
        assert not run.has_kept("split.json")
        assert not os.path.lexists(run.path("split.json"))
        assert "split.json is damaged" in caplog.text

    @pytest.mark.parametrize("digests", [None, [], "x"])
    def test_without_a_digest_a_file_is_trusted(self, run: Run, digests: object) -> None:
        run.save(digests=digests)
        assert run.has_kept("split.json")
        run.keep("split.json")
        assert run.facts["digests"].keys() == {"split.json"}


class TestReading:
    @pytest.mark.parametrize(
        "error", [OSError("gone"), ValueError("odd"), KeyError("pictures"), DataError("no split"), RecursionError()]
    )
    def test_an_unreadable_file_is_named_with_the_remedy(self, tmp_path: Path, error: Exception) -> None:
        run = create(tmp_path)
        with (
            pytest.raises(RunError, match=r"split\.json cannot be read.*Delete the file") as caught,
            run.reading("split.json"),
        ):
            raise error
        assert caught.value.__cause__ is error

    def test_a_readable_file_is_yielded(self, tmp_path: Path) -> None:
        run = create(tmp_path)
        run.write_json("split.json", {"parts": 3})
        with run.reading("split.json") as path:
            assert json.loads(path.read_text()) == {"parts": 3}


class TestOwnFolders:
    def test_a_run_is_recognised(self, tmp_path: Path) -> None:
        assert is_own(create(tmp_path).folder)

    def test_a_part_of_the_cache_is_recognised(self, tmp_path: Path) -> None:
        shelf = tmp_path / "facts-0123456789ab"
        shelf.mkdir()
        assert not is_own(shelf)
        (shelf / "0.shelf").write_bytes(b"")
        assert is_own(shelf)

    @pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', '{"versions": null}', "[" * 10_000])
    def test_another_program_s_run_json_is_not_a_run(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "run.json").write_text(text)
        assert not is_own(tmp_path)

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes in folders here")
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "run.json")
        assert not is_own(tmp_path)

    def test_other_folders_are_not(self, tmp_path: Path) -> None:
        assert not is_own(tmp_path)
        assert not is_own(tmp_path / "gone")


def test_resuming_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="--name"):
        create(tmp_path, name=None, resume=True)
    assert not (tmp_path / "photos-1").exists()


def test_a_file_in_place_of_the_runs_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()
    with pytest.raises(RunError, match="runs: it is not a folder"):
        Run.create("photos", name="a", runs=tmp_path / "runs", resume=False, config={})


def test_an_empty_runs_folder_is_refused() -> None:
    with pytest.raises(UsageError, match="Invalid path"):
        Run.create("photos", name="one", runs="", resume=False, config={})


def test_the_source_is_recorded_as_an_absolute_path(tmp_path: Path) -> None:
    assert Path(create(tmp_path).facts["source"]) == Path.cwd() / "photos"
