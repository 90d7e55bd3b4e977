"""A server whose bundle is replaced by forged ones goes on answering with the sound one, says why, and ends at once."""

import contextlib
import re
import signal
from pathlib import Path

import httpx2
import pytest

from tests.attacks.forged_corpus import CORPUS
from tests.attacks.hostile_bundles import sound_bundle
from tests.e2e.served import ready, started
from tests.e2e.server_process import PATIENCE
from tests.unit.serving.web.conftest import RED
from tests.waiting import wait_until

BY_TITLE = {forged.title: forged for forged in CORPUS}
FORGED = (
    "external data: a constant",
    "time: a division that traps",
    "output: probabilities doubled",
)
"""Bundles of which the second crashes an engine; each takes as long as the server waits between two looks."""


@pytest.mark.slow
def test_a_watching_server_goes_on_with_its_sound_bundle(tmp_path: Path) -> None:
    served, log = tmp_path / "model.discern", tmp_path / "log.txt"
    served.write_bytes(sound_bundle())
    with log.open("wb") as errors, started(served, "--watch", stderr=errors.fileno()) as (address, process):
        ready(address)
        sound = httpx2.get(address + "/model").json()
        for number, title in enumerate(FORGED, start=1):
            new = tmp_path / "new"
            new.write_bytes(BY_TITLE[title].make())
            new.replace(served)
            _wait_for_refusals(log, number)
            assert re.search(BY_TITLE[title].says, _refusals(log)[-1])
            answer = httpx2.post(address + "/predict", content=RED)
            assert (answer.status_code, answer.json()["label"]) == (200, "red")
            assert httpx2.get(address + "/model").json() == sound
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    with contextlib.suppress(httpx2.HTTPError):
        pytest.fail(f"it still answers: {httpx2.get(address + '/healthz').status_code}")


def _refusals(log: Path) -> list[str]:
    return [line for line in log.read_text().splitlines() if "not reloaded" in line]


def _wait_for_refusals(log: Path, count: int) -> None:
    wait_until(lambda: len(_refusals(log)) >= count, PATIENCE, interval=0.05)
