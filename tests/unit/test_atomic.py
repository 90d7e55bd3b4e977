"""A reader sees the old file or the new one, even if the writer fails."""

import ast
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from discern.atomic import UNFINISHED, atomic_folder, atomic_write, is_unfinished
from discern.catalog.path_text import is_ignored
from tests.unit.full_disk import full_disk

SOURCES = Path(__file__).resolve().parents[2] / "src/discern"
# Calls that write to a path from `atomic`, to a private folder, or append one line to a file.
ALLOWED = {
    ("atomic.py", "replace"),
    ("atomic.py", "rename"),
    ("buckets/download.py", "replace"),  # keeps the beginning of a large object, where a download continues
    ("buckets/shards.py", "open"),  # into a temporary folder
    ("buckets/testing.py", "write_bytes"),
    ("catalog/left_out.py", "write_bytes"),
    ("collecting/collection.py", "open"),  # appends a line, of which a cut one is ignored
    ("collecting/datasets/archive_download.py", "rename"),  # of a part whose digest was verified
    ("collecting/datasets/archive_download.py", "save"),  # into that part, where a download continues
    ("collecting/films/collect_films.py", "write_bytes"),  # into a temporary folder
    ("flow/captured/write_captured.py", "write_bytes"),  # into an unfinished folder
    ("flow/predict/answer_table.py", "open"),
    ("flow/predict/answer_table.py", "sink_parquet"),
    ("flow/predict/resumable_output.py", "write_parquet"),
    ("parallel/resource_limits.py", "write_text"),  # not a file, but a setting of the kernel
    ("reporting/plots/slide.py", "write_bytes"),  # a font in a temporary folder
    ("serving/keys.py", "open"),
    # Files of a plan, whose folder is atomic as a whole.
    ("shipping/aws/bucket_copy.py", "open"),  # into a temporary folder
    ("shipping/ci/ci_target.py", "write_bytes"),
    ("shipping/container/server_files.py", "write_bytes"),
    ("shipping/container/server_files.py", "write_text"),
    ("shipping/function_package.py", "write_bytes"),
    ("shipping/lambda_function/joined_modules.py", "write_bytes"),
    ("shipping/lambda_target.py", "write_text"),
    ("shipping/plan_folder.py", "write_text"),
    ("shipping/site/site_target.py", "write_bytes"),
    ("shipping/site/site_target.py", "write_text"),
    ("flow/compare/comparison_record.py", "open"),  # appends a line by one write
    ("shipping/workflow/traffic.py", "open"),  # appends lines, of which a cut one is ignored
    ("shipping/workflow/workflow_target.py", "write_text"),
    ("splitting/file_copies.py", "open"),
    ("splitting/write_parts.py", "open"),
    ("splitting/write_parts.py", "write_bytes"),
    ("splitting/write_parts.py", "write_text"),
    ("watching/stores/picture_files.py", "replace"),  # of that file: each captured picture, in a third of the calls
    ("training/methods/loop/torch_checkpoint.py", "save"),  # into the temporary file of atomic_write, through a digest
    ("training/methods/loop/torch_full_pictures.py", "open"),  # a file of one fit, which ends with it
    ("training/methods/loop/torch_loop.py", "save"),  # of a checkpoint
}
OWN_PATH = {"write_text", "write_bytes", "open"}
FIRST_ARGUMENT = {"write_parquet", "write_csv", "sink_parquet", "save", "savez", "savez_compressed"}
ATOMIC = {"atomic_write", "atomic_folder", "replacing"}
IN_MEMORY = {"buffer", "stream"}


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(path: Path, error: type[BaseException]) -> None:
    path.write_text("half")
    raise error


class TestFile:
    def test_it_appears_at_the_end(self, tmp_path: Path) -> None:
        target = tmp_path / "a.csv"
        target.write_text("before")
        with atomic_write(target) as temporary:
            temporary.write_text("after")
            assert temporary.parent == tmp_path
            assert target.read_text() == "before"
        assert target.read_text() == "after"
        assert names(tmp_path) == ["a.csv"]

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    def test_a_failed_write_changes_nothing_and_leaves_nothing(
        self, error: type[BaseException], tmp_path: Path
    ) -> None:
        target = tmp_path / "a.csv"
        target.write_text("before")
        with pytest.raises(error), atomic_write(target) as temporary:
            write_half(temporary, error)
        assert target.read_text() == "before"
        assert names(tmp_path) == ["a.csv"]

    def test_a_full_disk_changes_nothing_and_leaves_nothing(self, tmp_path: Path) -> None:
        target = tmp_path / "a.csv"
        target.write_text("before")
        with pytest.raises(OSError, match="large"), full_disk(), atomic_write(target) as temporary:
            temporary.write_text("after")
        assert target.read_text() == "before"
        assert names(tmp_path) == ["a.csv"]

    def test_a_folder_of_that_name_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "a").mkdir()
        with pytest.raises(OSError, match="a"), atomic_write(tmp_path / "a") as temporary:
            temporary.write_text("new")
        assert names(tmp_path) == ["a"]

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
    def test_a_read_only_folder_stays_as_it_is(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(PermissionError), atomic_write(tmp_path / "a") as temporary:
            temporary.write_text("new")
        tmp_path.chmod(0o700)
        assert names(tmp_path) == []

    def test_a_missing_folder_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError), atomic_write(tmp_path / "no" / "a") as temporary:
            temporary.write_text("new")

    @pytest.mark.skipif(os.name != "posix", reason="file modes need POSIX")
    def test_its_mode_is_that_of_any_new_file(self, tmp_path: Path) -> None:
        (tmp_path / "plain").write_text("x")
        with atomic_write(tmp_path / "a") as temporary:
            temporary.write_text("x")
        assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode

    def test_the_longest_name_is_written(self, tmp_path: Path) -> None:
        target = tmp_path / ("ä" * 127)
        with atomic_write(target) as temporary:
            temporary.write_text("x")
        assert target.read_text() == "x"

    def test_one_of_many_concurrent_writers_wins(self, tmp_path: Path) -> None:
        target, texts = tmp_path / "a", [f"{number}" * 100_000 for number in range(8)]

        def write(text: str) -> None:
            with atomic_write(target) as temporary:
                temporary.write_text(text)

        writers = [threading.Thread(target=write, args=(text,)) for text in texts]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        assert target.read_text() in texts
        assert names(tmp_path) == ["a"]


@pytest.mark.skipif(os.name != "posix", reason="file modes need POSIX")
class TestModes:
    @pytest.mark.parametrize("mask", [0, 0o022, 0o077])
    def test_a_new_file_follows_the_umask(self, mask: int, tmp_path: Path) -> None:
        before = os.umask(mask)
        try:
            with atomic_write(tmp_path / "a") as temporary:
                temporary.write_text("x")
        finally:
            os.umask(before)
        assert mode_of(tmp_path / "a") == 0o666 & ~mask

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
    def test_a_replaced_file_keeps_its_mode_and_is_never_more_open(self, mode: int, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        (tmp_path / "a").chmod(mode)
        with atomic_write(tmp_path / "a") as temporary:
            temporary.write_text("x")
            assert mode_of(temporary) == 0o600
        assert mode_of(tmp_path / "a") == mode

    def test_a_private_file_is_private_from_its_first_byte(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch(mode=0o644)
        with atomic_write(tmp_path / "a", private=True) as temporary:
            assert mode_of(temporary) == 0o600
        assert mode_of(tmp_path / "a") == 0o600

    def test_a_link_in_its_place_is_replaced_and_its_target_unchanged(self, tmp_path: Path) -> None:
        (tmp_path / "target").write_text("mine")
        (tmp_path / "a").symlink_to("target")
        with atomic_write(tmp_path / "a") as temporary:
            temporary.write_text("x")
        assert (tmp_path / "target").read_text() == "mine"


class TestFolder:
    @pytest.mark.parametrize("exists", [False, True])
    def test_it_appears_at_the_end(self, exists: bool, tmp_path: Path) -> None:
        target = tmp_path / "parts"
        if exists:
            target.mkdir()
        with atomic_folder(target) as temporary:
            (temporary / "a").write_text("x")
            assert not (target / "a").exists()
        assert names(target) == ["a"]
        assert names(tmp_path) == ["parts"]

    def test_a_failed_write_leaves_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt), atomic_folder(tmp_path / "parts") as temporary:
            write_half(temporary / "a", KeyboardInterrupt)
        assert names(tmp_path) == []

    def test_a_folder_with_content_is_kept(self, tmp_path: Path) -> None:
        (tmp_path / "parts").mkdir()
        (tmp_path / "parts/mine").write_text("x")
        with pytest.raises(OSError, match="parts"), atomic_folder(tmp_path / "parts") as temporary:
            (temporary / "a").write_text("x")
        assert names(tmp_path / "parts") == ["mine"]
        assert names(tmp_path) == ["parts"]

    @pytest.mark.skipif(os.name != "posix", reason="file modes need POSIX")
    def test_its_mode_is_that_of_any_new_folder(self, tmp_path: Path) -> None:
        (tmp_path / "plain").mkdir()
        with atomic_folder(tmp_path / "parts"):
            pass
        assert (tmp_path / "parts").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
@pytest.mark.parametrize("kind", ["atomic_write", "atomic_folder"])
def test_a_killed_writer_leaves_the_old_file_and_a_recognised_name(kind: str, tmp_path: Path) -> None:
    target = tmp_path / "a.csv"
    if kind == "atomic_write":
        target.write_text("before")
    code = (
        f"import sys, pathlib; from discern.atomic import {kind}\n"
        f"with {kind}(pathlib.Path(sys.argv[1])) as path:\n"
        "    (path / 'x' if path.is_dir() else path).write_text('half')\n"
        "    print(path.name, flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(target)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        name = writer.stdout.readline().strip()
        writer.send_signal(signal.SIGKILL)
    assert names(tmp_path) == sorted([name, "a.csv"] if kind == "atomic_write" else [name])
    assert kind == "atomic_folder" or target.read_text() == "before"
    assert is_unfinished(name)
    assert is_ignored(name)
    assert name.endswith(UNFINISHED)


@pytest.mark.parametrize("name", ["a.csv", ".a.csv.unfinished", "a.0f3a9b12.unfinished", ".lock", ".a.0F3A9B12.tmp"])
def test_other_names_are_not_temporary(name: str) -> None:
    assert not is_unfinished(name)


def called(call: ast.expr) -> str:
    function = call.func if isinstance(call, ast.Call) else call
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def written(call: ast.Call) -> ast.expr | None:
    """The path that a call writes to or renames; None where it does neither."""
    modes = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
    if not isinstance(call.func, ast.Attribute):
        return None
    if call.func.attr == "open" and not any(mode[:1] in ("w", "x", "a") for mode in modes[:1]):
        return None
    if call.func.attr in OWN_PATH:
        return call.func.value
    if call.func.attr in FIRST_ARGUMENT and call.args:
        return call.args[0]
    renames = ast.unparse(call.func) in ("os.replace", "os.rename") or call.func.attr == "rename"
    return call.func.value if renames and call.args else None


def bare_writes(source: str) -> set[str]:
    """Names of the calls that write to a path that does not come from `atomic` in a `with` statement."""
    found = set()
    for function in ast.walk(ast.parse(source)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            items = [item for node in ast.walk(function) if isinstance(node, ast.With) for item in node.items]
            atomic = {
                ast.unparse(item.optional_vars)
                for item in items
                if item.optional_vars and called(item.context_expr) in ATOMIC
            }
            for call in ast.walk(function):
                path = written(call) if isinstance(call, ast.Call) else None
                if path is not None and ast.unparse(path) not in atomic | IN_MEMORY:
                    found.add(called(call))
    return found


def test_a_bare_write_is_found() -> None:
    assert bare_writes("def f(p):\n p.write_text('x')") == {"write_text"}
    assert bare_writes("def f(p, t):\n t.write_parquet(p)") == {"write_parquet"}
    assert bare_writes("def f(p):\n with p.open('wb') as q:\n  q.write(b'')") == {"open"}
    assert bare_writes("def f(p):\n with atomic_write(p) as q:\n  q.write_text('x')") == set()


def test_all_other_writes_are_atomic() -> None:
    found = {
        (path.relative_to(SOURCES).as_posix(), name)
        for path in SOURCES.rglob("*.py")
        for name in bare_writes(path.read_text(encoding="utf-8"))
    }
    assert found == ALLOWED
