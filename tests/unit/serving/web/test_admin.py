"""Admin endpoint."""

from collections.abc import Callable
from pathlib import Path

from starlette.testclient import TestClient

from discern.bundle import Thresholds
from discern.serving.keys import add_key
from tests.unit.bundle.factories import write_small
from tests.unit.serving.web.conftest import RED


def test_an_admin_key_reloads_bundles(serve: Callable[..., TestClient], tmp_path: Path) -> None:
    bundle, keys = write_small(tmp_path / "m.discern"), tmp_path / "keys.txt"
    ask, boss = add_key(keys, "alice"), add_key(keys, "boss", admin=True)
    client = serve(bundles=(str(bundle),), key_file=keys)
    before = client.post("/predict", content=RED, headers={"X-API-Key": ask}).json()["model"]["fingerprint"]
    write_small(bundle, thresholds=Thresholds(unknown=0.5))
    assert client.post("/admin/reload", headers={"X-API-Key": ask}).status_code == 403
    assert client.post("/admin/reload", headers={"X-API-Key": boss}).json() == {"reloaded": ["colours"]}
    after = client.post("/predict", content=RED, headers={"X-API-Key": ask}).json()["model"]["fingerprint"]
    assert after != before
    bundle.write_bytes(b"nothing")
    answer = client.post("/admin/reload", headers={"X-API-Key": boss})
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "bundle_damaged")
    assert client.post("/predict", content=RED, headers={"X-API-Key": ask}).status_code == 200
