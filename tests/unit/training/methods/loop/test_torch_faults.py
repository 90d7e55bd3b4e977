"""Faults of steps, as the libraries report them, with their remedies."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.errors import DataError, UsageError  # noqa: E402
from discern.training.methods.loop.torch_faults import named_memory_errors, require_finite  # noqa: E402

HUGE = 1 << 50


def of_the_processor() -> None:
    torch.empty(HUGE)


def of_numpy() -> None:
    np.zeros(HUGE)


def of_a_gpu() -> None:
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")


def of_a_gpu_library() -> None:
    raise RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")


def of_apple() -> None:
    raise RuntimeError("MPS backend out of memory (MPS allocated: 9.06 GB)")


def fail(error: BaseException) -> None:
    with named_memory_errors(32):
        raise error


@pytest.mark.parametrize("lack", [of_the_processor, of_numpy, of_a_gpu, of_a_gpu_library, of_apple])
def test_each_lack_of_memory_is_named_with_a_smaller_batch(lack: object) -> None:
    with pytest.raises(UsageError, match="steps of 64 pictures") as caught, named_memory_errors(64):
        lack()  # type: ignore[operator]
    assert "--batch 32" in caught.value.hint


def test_where_the_batch_is_small_the_pictures_are_the_remedy() -> None:
    with pytest.raises(UsageError) as caught, named_memory_errors(2):
        of_the_processor()
    assert "--batch" not in caught.value.hint
    assert "--size" in caught.value.hint


@pytest.mark.parametrize("error", [RuntimeError("size mismatch"), ValueError("out of memory"), KeyboardInterrupt()])
def test_other_errors_stay_as_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught:
        fail(error)
    assert caught.value is error


@pytest.mark.parametrize("loss", [np.nan, np.inf, -np.inf])
def test_a_loss_that_is_not_finite_names_epoch_and_rate(loss: float) -> None:
    with pytest.raises(DataError, match=f"became {loss} in epoch 2 of 9, .* of up to 0.03") as caught:
        require_finite(loss, epoch=2, epochs=9, lr=0.03)
    assert "--lr 0.003" in caught.value.hint
    require_finite(1e30, epoch=2, epochs=9, lr=0.03)
