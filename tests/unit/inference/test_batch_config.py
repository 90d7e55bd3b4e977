"""Batch settings: their defaults are read by the command line, which must not wait for numpy."""

import subprocess
import sys

from discern.inference.batch_config import BatchConfig


def test_the_settings_load_no_library() -> None:
    code = "import sys, discern.inference.batch_config; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {name.split(".")[0] for name in loaded} & {"numpy", "PIL", "onnxruntime"} == set()


def test_a_batch_fits_the_queue_by_default() -> None:
    assert BatchConfig.max_batch <= BatchConfig.max_queue
    assert BatchConfig() == BatchConfig(max_batch=BatchConfig.max_batch, threads=None)
