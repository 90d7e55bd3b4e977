"""A process that does what it is told, and ends with whoever began it."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from discern.errors import StoreError
from discern.parallel import WorkerProcess


class TestWorkerProcess:
    def test_it_does_what_it_is_told_in_a_process_of_its_own(self) -> None:
        helper = WorkerProcess()
        assert helper.run(divmod, 17, 5) == (3, 2)
        assert helper.run(os.getpid) != os.getpid()
        assert helper.run(len, bytes(3 << 20)) == 3 << 20
        helper.close()

    def test_what_goes_wrong_is_said_and_it_goes_on(self) -> None:
        helper = WorkerProcess()
        with pytest.raises(ZeroDivisionError) as raised:
            helper.run(divmod, 1, 0)
        assert "Traceback" in raised.value.__notes__[0]
        with pytest.raises(StoreError, match=r"full\. Make room") as refused:
            helper.run(_refuse)
        assert refused.value.hint == "Make room."
        assert helper.run(abs, -1) == 1
        helper.close()

    def test_what_is_printed_does_not_come_between(self) -> None:
        helper = WorkerProcess()
        assert helper.run(print, "hello") is None
        assert helper.run(abs, -2) == 2
        helper.close()

    def test_what_lies_in_the_current_folder_is_not_run(self, tmp_path: Path) -> None:
        (tmp_path / "pickle.py").write_text("print('mine', flush=True)")
        code = "from discern.parallel import WorkerProcess; it = WorkerProcess(); print(it.run(abs, -1)); it.close()"
        ran = subprocess.run(
            [sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        assert (ran.stdout, ran.stderr) == ("1\n", "")

    def test_one_that_ended_is_an_error_of_the_system(self) -> None:
        helper = WorkerProcess()
        for function in (os._exit, abs):
            with pytest.raises(BrokenPipeError):
                helper.run(function, 3)
        helper.close()

    def test_it_begins_without_the_libraries(self) -> None:
        helper = WorkerProcess()
        heavy = {"numpy", "polars", "onnxruntime", "PIL", "sklearn", "scipy", "pytest"}
        assert not heavy & set(helper.run(eval, "__import__('sys').modules.keys() | set()"))
        helper.close()

    @pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")
    def test_it_ends_with_whoever_began_it(self) -> None:
        code = "import os; from discern.parallel import WorkerProcess as W; print(W().run(os.getpid), flush=1); input()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as began:
            assert began.stdout is not None
            helper = int(began.stdout.readline())
            os.kill(helper, 0)
            began.kill()
        deadline = time.monotonic() + 20
        while _runs(helper) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _runs(helper)

    @pytest.mark.skipif(os.name != "posix", reason="signals are sent as POSIX knows them")
    def test_an_interruption_is_left_to_whoever_began_it(self) -> None:
        helper = WorkerProcess()
        os.kill(helper.run(os.getpid), signal.SIGINT)
        assert helper.run(abs, -1) == 1
        helper.close()


def _refuse() -> None:
    raise StoreError("It is full.", hint="Make room.")


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_threads_that_ask_one_helper_get_their_own_answers():
    helper = WorkerProcess()
    found: dict[int, list[int]] = {}

    def ask(number: int) -> None:
        found[number] = [helper.run(int, f"{number}{time}") for time in range(50)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    helper.close()
    assert found == {number: [int(f"{number}{time}") for time in range(50)] for number in range(1, 5)}
    with pytest.raises(OSError, match="closed"):
        helper.run(int, "1")
