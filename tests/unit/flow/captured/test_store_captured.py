"""Captured requests of endpoints and functions go to a store, each once, and back."""

from contextlib import closing
from pathlib import Path

import pytest

from discern.errors import CatalogError
from discern.flow.captured.store_captured import store_captured
from discern.inference.exchange import Exchange
from discern.inference.exchange_record import Loss, encode_exchange, encode_feedback, encode_loss
from discern.watching.stores.open_exchanges import open_store
from tests.unit.catalog.factories import captured, picture
from tests.unit.inference.factories import make_exchange, make_feedback


def all_of(store: Path) -> list[Exchange]:
    with closing(open_store(store)) as opened:
        found = [opened.get(each) for each in opened.columns().id]
    return sorted((each for each in found if each is not None), key=lambda each: each.id)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    hour = tmp_path / "capture/endpoint/AllTraffic/2026/11/29/10"
    hour.mkdir(parents=True)
    output = {"label": "a", "confidence": 0.9, "decision": "accept", "model": {"fingerprint": "ab" * 32}}
    lines = [captured(picture(number), event=f"e{number}", output=output) for number in range(3)]
    damaged = [captured(picture(9), event="x", output={"error": "no"}), b"{broken\n"]
    (hour / "a.jsonl").write_bytes(b"".join([*lines, *damaged]))
    return tmp_path / "capture"


def test_lines_are_stored_once(capture: Path, tmp_path: Path) -> None:
    result = store_captured(capture, store=tmp_path / "store")
    assert (result.files, result.found, result.stored, result.left_out) == (1, 3, 3, 1)
    assert [path for path, _ in result.damaged] == ["endpoint/AllTraffic/2026/11/29/10/a.jsonl"]
    assert result.to_json()["damaged"][0]["message"].startswith("Line 5 is not valid JSON")
    again = store_captured(capture, store=tmp_path / "store")
    assert (again.found, again.stored) == (3, 0)
    exchanges = all_of(tmp_path / "store")
    assert [each.prediction["label"] for each in exchanges] == ["a"] * 3
    assert all(each.picture is not None and each.bundle == "ab" * 32 for each in exchanges)


def test_objects_of_a_function_are_stored_with_their_labels_and_losses(tmp_path: Path) -> None:
    hour = tmp_path / "objects/2026/11/29/10"
    hour.mkdir(parents=True)
    (hour / "1.records").write_bytes(
        encode_exchange(make_exchange(1)) + encode_feedback(make_feedback(1)) + encode_loss(Loss(count=4, time=1.0))
    )
    (hour / "2.records").write_bytes(encode_exchange(make_exchange(2, picture=None, media_type="")) + b"torn")
    result = store_captured(tmp_path / "objects", store=tmp_path / "store")
    assert (result.files, result.stored, result.feedback, result.without_picture) == (2, 2, 1, 1)
    assert "4 bytes are not a whole record" in result.damaged[0][1]
    with closing(open_store(tmp_path / "store")) as opened:
        assert opened.lost() == 4
        assert opened.columns().truth.tolist() == ["dark", None]
    one = store_captured(hour / "1.records", store=tmp_path / "store")
    assert (one.files, one.stored) == (1, 0)


def test_a_source_without_a_captured_request_makes_no_store(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(CatalogError, match="no captured answer"):
        store_captured(tmp_path / "empty", store=tmp_path / "store")
    assert not (tmp_path / "store").exists()
    with pytest.raises(CatalogError, match="does not exist"):
        store_captured(tmp_path / "nowhere", store=tmp_path / "store")
