"""Weights of timm on the hub are checked by the digest that the hub states, recorded, and fetched once."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.features.backbones.hub_server import COMMIT, Hub, serve_hub

from discern.errors import BackboneError
from discern.features.backbones.hub_weights import (
    FILE,
    MAX_BYTES,
    HubWeights,
    fetch_hub_weights,
    find_hub_weights,
)
from discern.progress import silent

NETWORK = "resnet18.a1_in1k"
CONTENT = np.random.default_rng(0).bytes(100_003)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
FLIPPED = bytes([CONTENT[0] ^ 1]) + CONTENT[1:]


@pytest.fixture
def hub() -> Iterator[Hub]:
    with serve_hub(CONTENT) as server:
        server.repository = f"timm/{NETWORK}"
        yield server


def fetch(hub: Hub, cache: Path, **environment: str) -> HubWeights:
    return fetch_hub_weights(NETWORK, cache, hub.environment(**environment), silent)


def find(hub: Hub, cache: Path, network: str = NETWORK, **environment: str) -> HubWeights | None:
    return find_hub_weights(network, cache, hub.environment(**environment), silent)


def test_weights_are_fetched_once_with_their_commit_and_digest(hub: Hub, tmp_path: Path) -> None:
    assert find(hub, tmp_path) is None
    assert hub.requests == []
    fetched = fetch(hub, tmp_path)
    assert fetched.path.read_bytes() == CONTENT
    assert (fetched.network, fetched.file.commit, fetched.file.sha256) == (NETWORK, COMMIT, SHA256)
    assert [path.partition("?")[0] for path, _ in hub.requests] == [
        f"/timm/{NETWORK}/resolve/main/{FILE}",
        f"/timm/{NETWORK}/resolve/{COMMIT}/{FILE}",
        "/cdn",
    ]
    for name in (NETWORK, "resnet18"):
        assert find(hub, tmp_path, name, HF_HUB_OFFLINE="1") == fetched
    assert len(hub.requests) == 3
    for part in (f"timm/{NETWORK}", COMMIT[:12], SHA256[:16], "as stated by the hub"):
        assert part in fetched.describe()


@pytest.mark.parametrize("other", ["resnet18.fb_swsl", "resnet180", "resnet1", "resnet18.a1"])
def test_those_of_other_networks_are_not_taken(hub: Hub, tmp_path: Path, other: str) -> None:
    fetch(hub, tmp_path)
    assert find(hub, tmp_path, other) is None


def test_several_tags_are_not_chosen_from(hub: Hub, tmp_path: Path) -> None:
    fetch(hub, tmp_path)
    hub.repository = "timm/resnet18.other"
    fetch_hub_weights("resnet18.other", tmp_path, hub.environment(), silent)
    with pytest.raises(BackboneError, match=r"several tags for resnet18: resnet18\.a1_in1k, resnet18\.other"):
        find(hub, tmp_path, "resnet18")
    found = find(hub, tmp_path)
    assert found is not None
    assert found.network == NETWORK


def test_damaged_weights_are_fetched_again_at_the_recorded_commit(hub: Hub, tmp_path: Path) -> None:
    path = fetch(hub, tmp_path).path
    path.write_bytes(FLIPPED)
    with pytest.raises(BackboneError, match="forbids its download"):
        find(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert find(hub, tmp_path) is not None
    assert path.read_bytes() == CONTENT
    assert all("/resolve/main/" not in asked for asked, _ in hub.requests[3:])


@pytest.mark.parametrize(
    "change",
    [{"sha256": "0"}, {"name": "../../evil.safetensors"}, {"size": "x"}, {"more": 1}, [], "{", {"sha256": None}],
)
def test_a_damaged_record_is_not_used(hub: Hub, tmp_path: Path, change: Any) -> None:
    record = asdict(fetch(hub, tmp_path).file)
    path = tmp_path / f"weights/timm--{NETWORK}.json"
    content = json.dumps(record | change if isinstance(change, dict) else change)
    path.write_text(content if change != "{" else "{")
    assert find(hub, tmp_path, HF_HUB_OFFLINE="1") is None
    assert fetch(hub, tmp_path).file.sha256 == SHA256


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"sent": FLIPPED}, "has the sha256"),
        ({"linked_etag": "abc"}, "does not state the commit, the sha256 and the size"),
        ({"commit": "main"}, "does not state the commit"),
        ({"linked_size": MAX_BYTES + 1}, f"{MAX_BYTES:,} are allowed"),
        ({"linked_size": 10}, "more than 10 bytes"),
        ({"status": 401}, "set HF_TOKEN"),
        ({"status": 404}, "does not have it"),
        ({"status": 429, "headers": {"Retry-After": "7"}}, "try again in 7 s"),
    ],
)
def test_a_wrong_response_is_refused_with_the_address(
    hub: Hub, tmp_path: Path, fault: dict[str, Any], message: str
) -> None:
    for name, value in fault.items():
        setattr(hub, name, value)
    with pytest.raises(BackboneError, match=message) as caught:
        fetch(hub, tmp_path)
    assert f"{hub.address}/timm/{NETWORK}/resolve/" in caught.value.hint
    assert list((tmp_path / "weights").glob("*.json")) == []


def test_nothing_is_asked_offline(hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="HF_HUB_OFFLINE forbids") as caught:
        fetch(hub, tmp_path, HF_HUB_OFFLINE="1")
    assert f"/timm/{NETWORK}/resolve/main/{FILE}, and save it as {NETWORK}.safetensors" in caught.value.hint
    assert hub.requests == []


def test_the_head_request_follows_a_renamed_repository_and_keeps_the_token(hub: Hub, tmp_path: Path) -> None:
    fetch(hub, tmp_path, HF_TOKEN="hf_secret")
    tokens = [headers.get("Authorization") for _, headers in hub.requests]
    assert tokens == ["Bearer hf_secret"] * 3  # the CDN's path is on the same server


def put_in_client_cache(folder: Path, content: bytes, name: str, network: str = NETWORK) -> None:
    repository = folder / f"models--timm--{network}"
    for path, text in ((repository / "refs/main", COMMIT), (repository / "blobs" / name, "")):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (repository / "blobs" / name).write_bytes(content)
    link = repository / "snapshots" / COMMIT / FILE
    link.parent.mkdir(parents=True)
    link.symlink_to(Path("../../blobs") / name)


@pytest.mark.parametrize("network", [NETWORK, "resnet18"])
def test_weights_of_the_hubs_own_client_are_used_if_their_name_is_their_digest(
    hub: Hub, tmp_path: Path, network: str
) -> None:
    put_in_client_cache(tmp_path / "client", CONTENT, SHA256)
    found = find(hub, tmp_path, network, HF_HUB_CACHE=str(tmp_path / "client"))
    assert found is not None
    assert (found.network, found.file.sha256, found.file.commit) == (NETWORK, SHA256, COMMIT)
    assert found.path.read_bytes() == CONTENT
    assert hub.requests == []


@pytest.mark.parametrize(("content", "name"), [(FLIPPED, SHA256), (CONTENT, "abc")])
def test_damaged_weights_of_the_hubs_own_client_are_not(hub: Hub, tmp_path: Path, content: bytes, name: str) -> None:
    put_in_client_cache(tmp_path / "client", content, name)
    assert find(hub, tmp_path, HF_HUB_CACHE=str(tmp_path / "client")) is None
