"""A manifest survives a round trip, and anything else in `bundle.json` is rejected."""

import json
from dataclasses import replace

import pytest

from discern.bundle import Manifest
from discern.errors import BundleDamaged, BundleFormatError, DiscernError
from tests.unit.bundle.factories import make_manifest


def changed(**values: object) -> bytes:
    return json.dumps(json.loads(make_manifest().to_bytes()) | values).encode()


def without(key: str) -> bytes:
    plain = json.loads(make_manifest().to_bytes())
    del plain[key]
    return json.dumps(plain).encode()


def test_a_manifest_survives_a_round_trip() -> None:
    manifest = make_manifest()
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


def test_equal_manifests_give_equal_bytes() -> None:
    assert make_manifest().to_bytes() == make_manifest().to_bytes()


def test_the_format_is_recorded() -> None:
    assert json.loads(make_manifest().to_bytes())["format"] == 1


def test_a_newer_format_is_rejected_with_a_remedy() -> None:
    with pytest.raises(BundleFormatError, match="Upgrade"):
        Manifest.from_bytes(changed(format=2))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        changed(labels=[]),
        changed(labels=["a", "a"]),
        changed(labels=[1, 2]),
        changed(labels=None),
        changed(recipe={}),
        changed(recipe={"size": "large"}),
        changed(thresholds={"unknown": 1.0, "other": 2.0}),
        changed(thresholds=None),
        changed(something="more"),
        without("temperature"),
    ],
)
def test_other_content_is_rejected(data: bytes) -> None:
    with pytest.raises(DiscernError):
        Manifest.from_bytes(data)


def test_numbers_that_json_cannot_represent_are_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        replace(make_manifest(), temperature=float("nan")).to_bytes()


def test_the_damaged_field_is_named() -> None:
    with pytest.raises(BundleDamaged, match="labels"):
        Manifest.from_bytes(changed(labels=[]))
