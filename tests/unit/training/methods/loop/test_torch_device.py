"""Devices: chosen by name, refused where they are not there. It needs PyTorch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.errors import UsageError  # noqa: E402
from discern.training.methods.loop.torch_device import DEVICES, Device, choose_device  # noqa: E402

MISSING = [
    name
    for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.backends.mps.is_available()))
    if not there
]


@pytest.mark.parametrize("name", [*MISSING, "tpu", ""])
def test_a_device_that_is_not_there_is_refused_with_those_that_are(name: str) -> None:
    with pytest.raises(UsageError, match="is not available here") as caught:
        choose_device(name)
    assert caught.value.hint is not None
    assert "cpu" in caught.value.hint
    assert name == "" or f" {name}" not in caught.value.hint


@pytest.mark.skipif(len(MISSING) < 2, reason="there is a faster device than the processor")
def test_without_another_device_auto_is_the_processor() -> None:
    assert choose_device() == choose_device("cpu") == Device(name="cpu")


def test_steps_on_a_processor_are_computed_in_full_precision() -> None:
    device = choose_device("cpu")
    layer = torch.nn.Linear(3, 2)
    with device.autocast():
        assert layer(device.tensor(np.ones((1, 3), np.float32))).dtype == torch.float32


def test_half_precision_is_bfloat16() -> None:
    layer = torch.nn.Linear(3, 2)
    with Device(half=True).autocast():
        assert layer(torch.ones(1, 3)).dtype == torch.bfloat16


def test_the_names_are_those_of_the_option() -> None:
    assert DEVICES == ("auto", "cpu", "cuda", "mps")
