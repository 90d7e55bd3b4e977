"""A worker process runs calls, passes errors on, and ends with its parent."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from discern.errors import StoreError
from discern.parallel import WorkerProcess
from tests.waiting import wait_until


class TestWorkerProcess:
    def test_calls_run_in_another_process(self) -> None:
        worker = WorkerProcess()
        assert worker.run(divmod, 17, 5) == (3, 2)
        assert worker.run(os.getpid) != os.getpid()
        assert worker.run(len, bytes(3 << 20)) == 3 << 20
        worker.close()

    def test_an_error_is_passed_on_and_the_worker_stays_usable(self) -> None:
        worker = WorkerProcess()
        with pytest.raises(ZeroDivisionError) as raised:
            worker.run(divmod, 1, 0)
        assert "Traceback" in raised.value.__notes__[0]
        with pytest.raises(StoreError, match=r"full\. Make room") as raised_error:
            worker.run(_raise_store_error)
        assert raised_error.value.hint == "Make room."
        assert worker.run(abs, -1) == 1
        worker.close()

    def test_printed_text_does_not_mix_with_results(self) -> None:
        worker = WorkerProcess()
        assert worker.run(print, "hello") is None
        assert worker.run(abs, -2) == 2
        worker.close()

    def test_modules_of_the_current_folder_are_not_imported(self, tmp_path: Path) -> None:
        (tmp_path / "pickle.py").write_text("print('mine', flush=True)")
        code = "from discern.parallel import WorkerProcess; it = WorkerProcess(); print(it.run(abs, -1)); it.close()"
        completed = subprocess.run(
            [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert (completed.stdout, completed.stderr) == ("1\n", "")

    def test_a_call_to_an_ended_worker_raises_an_os_error(self) -> None:
        worker = WorkerProcess()
        for function in (os._exit, abs):
            with pytest.raises(BrokenPipeError):
                worker.run(function, 3)
        worker.close()

    def test_it_starts_without_importing_heavy_libraries(self) -> None:
        worker = WorkerProcess()
        heavy = {"numpy", "polars", "onnxruntime", "PIL", "sklearn", "scipy", "pytest"}
        assert not heavy & set(worker.run(eval, "__import__('sys').modules.keys() | set()"))
        worker.close()

    @pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
    def test_it_ends_with_its_parent(self) -> None:
        code = "import os; from discern.parallel import WorkerProcess as W; print(W().run(os.getpid), flush=1); input()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
            assert parent.stdout is not None
            worker = int(parent.stdout.readline())
            os.kill(worker, 0)
            parent.kill()
        wait_until(lambda: not _runs(worker))

    @pytest.mark.skipif(os.name != "posix", reason="signals need POSIX")
    def test_it_ignores_an_interrupt(self) -> None:
        worker = WorkerProcess()
        os.kill(worker.run(os.getpid), signal.SIGINT)
        assert worker.run(abs, -1) == 1
        worker.close()


def _raise_store_error() -> None:
    raise StoreError("It is full.", hint="Make room.")


def _runs(process: int) -> bool:
    """Return whether a process with this id exists."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_threads_that_share_a_worker_get_their_own_results():
    worker = WorkerProcess()
    found: dict[int, list[int]] = {}

    def call(number: int) -> None:
        found[number] = [worker.run(int, f"{number}{time}") for time in range(50)]

    threads = [threading.Thread(target=call, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.close()
    assert found == {number: [int(f"{number}{time}") for time in range(50)] for number in range(1, 5)}
    with pytest.raises(OSError, match="closed"):
        worker.run(int, "1")
