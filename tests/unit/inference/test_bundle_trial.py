"""A bundle is tried in a process of its own, and each way to fail there is a reason to refuse it."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from discern.bundle import Model, archive
from discern.errors import BundleDamaged, BundleFormatError
from discern.inference.bundle_trial import BundleTrial, TrialCancelled, TrialLimits
from discern.inference.verified_model import require_verified
from discern.parallel import run_in_daemon_thread
from discern.picture import Limits
from tests.attacks.hostile_bundles import forge, sound_bundle, sound_members, with_facts, with_member
from tests.unit.inference.factories import altered, slow_graph, wait_for_child
from tests.waiting import wait_until

PATH = Path("forged.discern")
POSIX = pytest.mark.skipif(os.name != "posix", reason="limits need POSIX")


def trial(**limits: float) -> BundleTrial:
    return BundleTrial(limits=Limits(), max_batch=4, trial_limits=TrialLimits(**limits))  # type: ignore[arg-type]


def test_a_sound_bundle_passes() -> None:
    trial().run(sound_bundle(), PATH)


def test_the_reasons_of_the_bundle_are_passed_on() -> None:
    trials = trial()
    with pytest.raises(BundleDamaged, match=r"forged\.discern is not a bundle"):
        trials.run(b"nothing", PATH)
    with pytest.raises(BundleFormatError, match="Upgrade"):
        trials.run(archive.pack(with_facts(sound_members(), format=2)), PATH)
    with pytest.raises(BundleDamaged, match=r"bundle.json: temperature must be a number above 0"):
        trials.run(archive.pack(with_facts(sound_members(), temperature=-1)), PATH)
    trials.run(sound_bundle(), PATH)


def test_a_bundle_that_takes_too_long_is_refused() -> None:
    with pytest.raises(BundleDamaged, match=r"takes more than 2 s to load") as raised:
        trial(seconds=2).run(forge("model.onnx", slow_graph(products=120)), PATH)
    assert "old bundle" in raised.value.hint


@POSIX
@pytest.mark.parametrize("memory", [32, 64, 96, 128])
def test_a_bundle_that_needs_too_much_memory_is_refused(memory: int) -> None:
    with pytest.raises(BundleDamaged, match=rf"more than {memory} MiB of memory"):
        trial(memory=memory << 20, memory_factor=0).run(forge("model.onnx", slow_graph(side=2048)), PATH)


@POSIX
def test_a_helper_that_ends_is_a_reason_to_refuse(tmp_path: Path) -> None:
    trials = trial()
    running = run_in_daemon_thread(trials.run, forge("model.onnx", slow_graph(products=120)), PATH)
    helper_id = wait_for_child(os.getpid())
    os.kill(helper_id, 11)
    with pytest.raises(BundleDamaged, match=r"exit code -11|no process to try it in can be started"):
        running.result(60)


@POSIX
def test_closing_cancels_a_trial_at_once_and_all_later_ones() -> None:
    trials = trial()
    running = run_in_daemon_thread(trials.run, forge("model.onnx", slow_graph(products=120)), PATH)
    helper_id = wait_for_child(os.getpid())
    started = time.monotonic()
    trials.close()
    with pytest.raises(TrialCancelled, match="the server is ending"):
        running.result(60)
    assert time.monotonic() - started < 30
    wait_until(lambda: not runs(helper_id))
    with pytest.raises(TrialCancelled):
        trials.run(sound_bundle(), PATH)


@pytest.mark.parametrize(
    ("operation", "by", "output", "reason"),
    [
        ("Mul", 0.5, "unknown_score", "does not reproduce its golden vectors"),
        ("Mul", np.nan, "unknown_score", "unknown_score has numbers that are not finite"),
        ("Mul", 3, "probabilities", "probabilities are not in"),
    ],
)
def test_a_model_that_is_not_verified_states_the_reason(operation: str, by: float, output: str, reason: str) -> None:
    members = with_member(sound_members(), "model.onnx", altered(operation, by, output))
    with pytest.raises(BundleDamaged, match=reason):
        require_verified(Model(members, threads=1), PATH)
    with pytest.raises(BundleDamaged, match=reason):
        trial().run(archive.pack(members), PATH)


def test_a_verified_model_is_accepted() -> None:
    require_verified(Model(sound_members(), threads=1), PATH)


def runs(process: int) -> bool:
    return Path(f"/proc/{process}").exists()
