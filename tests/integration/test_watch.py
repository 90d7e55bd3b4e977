"""A trained model's traffic is watched: quiet, with a new camera, a new class and a broken promise."""

import io
import json
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import discern
from discern.bundle import Model
from discern.flow.captured.captured_exchanges import CapturedExchange, build_exchange
from discern.inference.exchange import Exchange, Feedback
from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.looking.take_look import look
from discern.watching.stores.open_exchanges import open_store
from tests.integration.workspace import Workspace
from tests.unit.training.factories import COLOURS, write_colours

pytestmark = pytest.mark.slow
START = 1_790_000_000.0


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workspace = Workspace.at(tmp_path_factory.mktemp("watched"))
    return workspace.train(write_colours(workspace.folder / "many", each=60), name="watched").bundle


@pytest.fixture(scope="module")
def model(bundle: Path) -> Model:
    return discern.load(bundle)


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, bytes]]:
    """Labelled pictures like those of the training."""
    folder = write_colours(tmp_path_factory.mktemp("later"), each=60, seed=1)
    found = [(path.parent.name, path.read_bytes()) for path in sorted(folder.rglob("*.png"))]
    return [found[place] for place in np.random.default_rng(0).permutation(len(found))]


def darker(data: bytes) -> bytes:
    return encode(np.asarray(Image.open(io.BytesIO(data)), float) * 0.5)


def purple(number: int) -> bytes:
    """A picture of a colour that no class has."""
    rng = np.random.default_rng(number)
    blotches = np.kron(rng.normal(0, 40, (5, 5, 1)), np.ones((8, 8, 1)))
    return encode(rng.normal(rng.normal((200, 30, 220), 25), 30, (40, 40, 3)) + blotches)


def encode(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.uint8(np.clip(pixels, 0, 255))).save(buffer, "PNG")
    return buffer.getvalue()


def classified(model: Model, pictures: list[bytes], *, first: int = 0) -> list[Exchange]:
    """The exchanges of pictures, one a minute."""
    exchanges = []
    for number, data in enumerate(pictures, first):
        prediction = model(data).to_json()
        facts = {"model": prediction.pop("model")["name"], "bundle": model.fingerprint, "extra": {}}
        prediction.pop("id")
        found = CapturedExchange(
            id=f"{number:032x}", time=START + 60 * number, data=data, prediction=prediction, **facts
        )
        exchanges.append(build_exchange(found, model=model))
    return exchanges


def stored(folder: Path, exchanges: list[Exchange]) -> Path:
    with closing(open_store(folder, create=True)) as store:
        store.add(exchanges)
    return folder


def test_like_pictures_are_quiet(model: Model, bundle: Path, later: list[tuple[str, bytes]], tmp_path: Path) -> None:
    store = stored(tmp_path / "store", classified(model, [data for _, data in later]))
    result = discern.watch(store, against=bundle)
    assert result.look.alarms == ()
    assert result.look.clusters == ()
    assert result.look.estimated is not None
    assert {each["label"] for each in result.look.classes} == set(COLOURS)


def test_a_new_camera_is_named_and_posted_once(
    model: Model, bundle: Path, later: list[tuple[str, bytes]], tmp_path: Path
) -> None:
    posted: list[dict[str, Any]] = []

    class Hook(BaseHTTPRequestHandler):
        """Receiver of alarms."""

        def do_POST(self) -> None:
            posted.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    pictures = [data for _, data in later]
    store = stored(tmp_path / "store", classified(model, [*pictures[:60], *map(darker, pictures[60:])]))
    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        webhook = f"http://127.0.0.1:{server.server_port}/"
        results = [discern.watch(store, against=bundle, webhook=webhook) for _ in range(2)]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    kinds = [alarm.kind for alarm in results[0].look.alarms]
    assert "brightness" in kinds
    assert results[0].look == results[1].look
    assert sorted(each["alarm"]["kind"] for each in posted) == sorted(kinds)
    assert all(int(each, 16) >= 55 for each in results[0].look.alarms[0].examples)


def test_a_new_class_is_a_cluster(model: Model, bundle: Path, later: list[tuple[str, bytes]], tmp_path: Path) -> None:
    pictures = [data for _, data in later[:80]] + [purple(number) for number in range(40)]
    store = stored(tmp_path / "store", classified(model, pictures))
    seen = discern.watch(store, against=bundle).look
    assert seen.alarms
    assert seen.clusters
    assert all(int(each, 16) >= 80 for each in seen.clusters[0].ids)


def test_a_broken_promise_is_raised(model: Model, later: list[tuple[str, bytes]], tmp_path: Path) -> None:
    exchanges = classified(model, [data for _, data in later])
    everything = AuditConfig(share=1.0, even=1.0)
    with closing(open_store(tmp_path / "store", create=True)) as store:
        store.add(exchanges)
        store.add((), [labelled(each, each.prediction["label"]) for each in exchanges])
        kept = look(store, model, audit=everything)
        store.add((), [labelled(each, "pear", is_new=True) for each in exchanges[::4]])
        broken = look(store, model, audit=everything)
    assert kept.accuracy is not None
    assert (kept.accuracy.value, kept.alarms) == (1.0, ())
    assert broken.accuracy is not None
    assert broken.accuracy.low < 0.75 < broken.accuracy.high
    assert broken.promise is not None
    assert broken.promise.broken
    assert [alarm.kind for alarm in broken.alarms] == ["promise"]


def labelled(exchange: Exchange, label: str, *, is_new: bool = False) -> Feedback:
    return Feedback(exchange=exchange.id, label=label, is_new=is_new, time=START + is_new, source="audit")
