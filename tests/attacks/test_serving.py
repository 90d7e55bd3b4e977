"""Hostile files and bodies sent to a server: each is a client error or a prediction, and the server keeps running."""

import logging
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from discern.serving.config import ServeConfig
from discern.serving.web.app import create_app
from tests.attacks.registry import HOSTILE
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED

INPUTS = [hostile for hostile in HOSTILE if hostile.entry_point == "open" and not hostile.heavy and not hostile.posix]
CLIENT_ERRORS = {400, 413, 415, 422}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    bundle = write_small(tmp_path_factory.mktemp("served") / "model.discern")
    config = ServeConfig(bundles=(str(bundle),), watch=False)
    logging.getLogger("discern").setLevel(logging.CRITICAL)
    with TestClient(create_app(config), raise_server_exceptions=False) as client:
        yield client
    logging.getLogger("discern").setLevel(logging.NOTSET)


@pytest.mark.parametrize("hostile", INPUTS, ids=[hostile.title for hostile in INPUTS])
def test_hostile_files_are_rejected_or_predicted(client: TestClient, hostile, tmp_path: Path) -> None:
    written = hostile.write(tmp_path)
    for path in [written] if written.is_file() else sorted(path for path in written.rglob("*") if path.is_file()):
        response = client.post("/predict?evidence=1", content=path.read_bytes())
        if response.status_code == 200:
            assert response.json()["label"] in ("dark", "red")
        else:
            assert response.status_code in CLIENT_ERRORS, (path.name, response.text)
            assert set(response.json()["error"]) == {"code", "message", "hint"}
    assert client.post("/predict", content=RED).status_code == 200


@pytest.mark.parametrize("seed", range(8))
def test_corrupted_bodies_are_rejected_or_predicted(client: TestClient, seed: int) -> None:
    rng = random.Random(seed)
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + RED + b"\r\n--b--\r\n"
    bodies = {
        "multipart/form-data; boundary=b": form,
        "application/json": b'[{"image_b64": "iVBORw0KGgo="}, {"image_url": "http://127.0.0.1/"}]',
        "image/png": RED,
    }
    for content_type, body in bodies.items():
        for _ in range(25):
            mutated = bytearray(body)
            for _ in range(rng.randint(1, 6)):
                at = rng.randrange(len(mutated))
                mutated[at : at + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
            path = rng.choice(["/predict", "/invocations", "/v2/models/colours/infer"])
            response = client.post(path, content=bytes(mutated), headers={"Content-Type": content_type})
            assert response.status_code in {200} | CLIENT_ERRORS, (path, content_type, bytes(mutated), response.text)
