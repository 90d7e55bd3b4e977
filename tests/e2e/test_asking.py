"""The clients against a real server: the predictions and errors of the local bundle."""

import asyncio
import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import discern
from discern import errors
from discern.bundle import Prediction
from discern.errors import DiscernError, PictureError
from tests.e2e.served import started
from tests.unit.bundle.factories import plain, write_small


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    names = {"red": {"name": "Red", "spoken": "It is red.", "route": "bay 2"}}
    return write_small(tmp_path_factory.mktemp("served") / "model.discern", names=names, ordered=True)


@pytest.fixture(scope="module")
def address(bundle: Path) -> Iterator[str]:
    with started(bundle, "--max-mb", "0.1") as (url, _):
        yield url


def pictures() -> list[np.ndarray]:
    return [plain(red, green, 0) for red in range(0, 256, 16) for green in (0, 200)]


def same(one: Prediction, other: Prediction) -> None:
    assert (one.label, one.decision, one.message, one.model) == (
        other.label,
        other.decision,
        other.message,
        other.model,
    )
    assert (one.name, one.spoken, one.route, one.order_value) == (
        *(other.name, other.spoken, other.route, other.order_value),
    )
    # Sums differ in the last digit with the composition of a batch.
    assert one.probabilities == pytest.approx(other.probabilities, abs=1e-4)
    assert one.unknown_score == pytest.approx(other.unknown_score, abs=1e-4)


def test_predictions_are_those_of_the_local_bundle(bundle: Path, address: str) -> None:
    model = discern.load(bundle)
    with discern.Client(address) as client:
        for picture, answer in zip(pictures(), client.predict(pictures()), strict=True):
            assert isinstance(answer, Prediction)
            same(answer, model(picture))


def test_so_are_those_of_the_asynchronous_client(bundle: Path, address: str) -> None:
    async def ask() -> list[Prediction | PictureError]:
        async with discern.AsyncClient(address) as client:
            return [answer async for answer in client.predict(pictures())]

    model = discern.load(bundle)
    for picture, answer in zip(pictures(), asyncio.run(ask()), strict=True):
        assert isinstance(answer, Prediction)
        same(answer, model(picture))


def large() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 300, 3), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


def cut() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(plain(9, 9, 9)).save(buffer, "PNG")
    return buffer.getvalue()[:60]


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda: b"no picture", errors.NotAPicture),
        (large, errors.PictureTooLarge),
        (cut, errors.TruncatedPicture),
    ],
)
def test_unusable_pictures_are_the_same_error(
    bundle: Path, address: str, make: Callable[[], bytes], kind: type[DiscernError]
) -> None:
    limits = discern.load(bundle).limits
    here = discern.load(bundle, limits=type(limits)(max_bytes=100_000))
    with discern.Client(address) as client, pytest.raises(kind):
        client(make())
    if kind is not errors.PictureTooLarge:  # bytes in memory have no limit of their own
        with pytest.raises(kind):
            here(make())


def test_the_model_is_described_and_named(bundle: Path, address: str) -> None:
    with discern.Client(address) as client:
        assert client.about()["fingerprint"] == discern.load(bundle).fingerprint
    with discern.Client(address, model="none") as client, pytest.raises(errors.NotFound):
        client(plain(0, 0, 0))


@pytest.mark.slow
def test_a_rate_limit_is_met_by_waiting(bundle: Path, tmp_path: Path) -> None:
    with started(bundle, "--rate-limit", "5/second") as (url, _), discern.Client(url, at_once=4) as client:
        answers = list(client.predict([plain(250, 0, 0)] * 12))
    assert [isinstance(answer, Prediction) for answer in answers] == [True] * 12
