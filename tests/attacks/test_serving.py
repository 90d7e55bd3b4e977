"""Everything hostile, sent to a server: it is refused with a status of the asker's fault, and the server goes on."""

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

FILES = [hostile for hostile in HOSTILE if hostile.door == "open" and not hostile.heavy and not hostile.posix]
THEIR_FAULT = {400, 413, 415, 422}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    bundle = write_small(tmp_path_factory.mktemp("served") / "model.discern")
    config = ServeConfig(bundles=(str(bundle),), watch=False)
    logging.getLogger("discern").setLevel(logging.CRITICAL)
    with TestClient(create_app(config), raise_server_exceptions=False) as client:
        yield client
    logging.getLogger("discern").setLevel(logging.NOTSET)


@pytest.mark.parametrize("hostile", FILES, ids=[hostile.title for hostile in FILES])
def test_a_hostile_file_is_refused_or_read_at_this_door_too(client: TestClient, hostile, tmp_path: Path) -> None:
    given = hostile.write(tmp_path)
    for path in [given] if given.is_file() else sorted(path for path in given.rglob("*") if path.is_file()):
        answer = client.post("/predict?evidence=1", content=path.read_bytes())
        if answer.status_code == 200:
            assert answer.json()["label"] in ("dark", "red")
        else:
            assert answer.status_code in THEIR_FAULT, (path.name, answer.text)
            assert set(answer.json()["error"]) == {"code", "message", "hint"}
    assert client.post("/predict", content=RED).status_code == 200


@pytest.mark.parametrize("seed", range(8))
def test_spoilt_bodies_of_every_kind_are_their_fault(client: TestClient, seed: int) -> None:
    rng = random.Random(seed)
    form = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + RED + b"\r\n--b--\r\n"
    kinds = {
        "multipart/form-data; boundary=b": form,
        "application/json": b'[{"image_b64": "iVBORw0KGgo="}, {"image_url": "http://127.0.0.1/"}]',
        "image/png": RED,
    }
    for kind, body in kinds.items():
        for _ in range(25):
            spoilt = bytearray(body)
            for _ in range(rng.randint(1, 6)):
                at = rng.randrange(len(spoilt))
                spoilt[at : at + rng.randint(0, 4)] = rng.randbytes(rng.randint(0, 4))
            path = rng.choice(["/predict", "/invocations", "/v2/models/colours/infer"])
            answer = client.post(path, content=bytes(spoilt), headers={"Content-Type": kind})
            assert answer.status_code in {200} | THEIR_FAULT, (path, kind, bytes(spoilt), answer.text)
