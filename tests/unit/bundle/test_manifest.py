"""A manifest survives a round trip, and anything else in `bundle.json` is rejected."""

import json
from dataclasses import replace
from typing import Any

import pytest

from discern.bundle import Manifest
from discern.bundle.manifest_schema import MAX_LABELS
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


ACCURACY = {"leak_free": {"value": 0.9, "low": 0.8, "high": None}}
RECIPE = json.loads(make_manifest().to_bytes())["recipe"]
WRONG: list[tuple[str, Any, str]] = [
    ("name", 3, "name"),
    ("name", "", "name"),
    ("name", " ", "name"),
    ("name", "x" * 1001, "name"),
    ("name", None, "name"),
    ("version", 1, "version"),
    ("version", "", "version"),
    ("labels", "dark", "labels"),
    ("labels", {"dark": 1, "red": 2}, "labels"),
    ("labels", ["dark", ""], r"labels\[1\] is blank"),
    ("labels", ["dark", "\u00a0 "], r"labels\[1\] is blank"),
    ("labels", ["red", "red "], "twice"),
    ("labels", ["caf\u00e9", "cafe\u0301"], "twice"),
    ("labels", ["dark", "red\n"], "control characters"),
    ("labels", ["dark", "\x1b[31mred"], "control characters"),
    ("labels", ["dark", "\u202eder"], "control characters"),
    ("labels", ["dark", "x" * 1001], "1,000 characters"),
    ("labels", [str(number) for number in range(MAX_LABELS + 1)], "labels must be"),
    ("labels", ["dark", None], "labels"),
    ("ordered", "yes", "ordered"),
    ("ordered", 1, "ordered"),
    ("names", [], "names"),
    ("names", {"green": {}}, "not one of the labels"),
    ("names", {"red": {"route": None}}, "names.red.route"),
    ("names", {"red": {"spoken": "a\nb"}}, "names.red.spoken"),
    ("names", {"red": {"name": "x" * 1001}}, "names.red.name"),
    ("recipe", RECIPE | {"size": 10**6, "resize": 10**6}, "recipe.size"),
    ("recipe", RECIPE | {"size": True}, "recipe.size"),
    ("recipe", RECIPE | {"fit": ["crop"]}, "recipe.fit"),
    ("recipe", RECIPE | {"fit": "zoom"}, "recipe"),
    ("recipe", RECIPE | {"fill": [0, 0, 256]}, "recipe.fill"),
    ("recipe", RECIPE | {"fill": [0.5, 0, 0]}, "recipe.fill"),
    ("recipe", RECIPE | {"fill": [0] * 10_000}, "recipe.fill"),
    ("recipe", RECIPE | {"resize": 1}, "recipe"),
    ("temperature", 0, "temperature"),
    ("temperature", -1.0, "temperature"),
    ("temperature", True, "temperature"),
    ("temperature", None, "temperature"),
    ("thresholds", {"accept": 1.5}, "thresholds.accept"),
    ("thresholds", {"accept": -0.1}, "thresholds.accept"),
    ("thresholds", {"accept": True}, "thresholds.accept"),
    ("thresholds", {"label_set": 2}, "thresholds.label_set"),
    ("thresholds", {"false_rejection": "0.05"}, "thresholds.false_rejection"),
    ("thresholds", {"unknown": "high"}, "thresholds.unknown"),
    ("thresholds", [], "thresholds"),
    ("policy", "accept all", "policy"),
    ("policy", {}, "sentence"),
    ("policy", {"sentence": 3}, "policy.sentence"),
    ("policy", {"sentence": "x", "share": 2}, "policy.share"),
    ("policy", {"sentence": "x", "error": [0.1]}, "policy.error"),
    ("policy", {"sentence": "x", "error": {"high": "low"}}, "policy.error.high"),
    ("policy", {"sentence": "x", "needed": -1}, "policy.needed"),
    ("unknown", {"threshold": "high"}, "unknown.threshold"),
    ("unknown", {"bytes": 1.5}, "unknown.bytes"),
    ("metrics", {"accuracy": {"value": 0.9}}, "leak_free"),
    ("metrics", {"accuracy": {"leak_free": None}}, "leak_free"),
    ("metrics", {"accuracy": {"leak_free": {"value": 0.9}}}, "low, high"),
    ("metrics", {"accuracy": {"leak_free": ACCURACY["leak_free"] | {"value": "high"}}}, "leak_free.value"),
    ("metrics", {"accuracy": {"leak_free": ACCURACY["leak_free"] | {"value": 1.1}}}, "leak_free.value"),
    ("metrics", {"accuracy": ACCURACY | {"naive": 0.9}}, "naive"),
    ("metrics", {"conformal": {"asked": "often"}}, "conformal.asked"),
    ("metrics", {"baselines": {"majority": 0.5}}, "baselines.majority"),
    ("metrics", {"split": {"pictures": {"test": "3"}}}, "split.pictures.test"),
    ("metrics", {"learning_curve": "flat"}, "learning_curve"),
    ("data", {"per_class": {"red": 3}}, "data.per_class.red"),
    ("data", {"pictures": -3}, "data.pictures"),
    ("backbone", {"name": ["lite"]}, "backbone.name"),
    ("backbone", {"size": 0}, "backbone.size"),
    ("config", {"coverage": 3}, "config.coverage"),
    ("config", {"head": None}, "config.head"),
    ("versions", {"numpy": 2}, "versions.numpy"),
    ("members", {"seen.npy": "abc"}, "members.seen.npy"),
    ("members", {"seen.npy": "A" * 64}, "members.seen.npy"),
]


@pytest.mark.parametrize(("key", "value", "named"), WRONG)
def test_a_value_of_the_wrong_type_or_size_is_rejected_by_name(key: str, value: Any, named: str) -> None:
    with pytest.raises(BundleDamaged, match=named) as raised:
        Manifest.from_bytes(changed(**{key: value}))
    assert raised.value.hint
    assert len(raised.value.message) < 400
    assert raised.value.message.isprintable()


@pytest.mark.parametrize(
    "changes",
    [
        {
            "labels": [
                "cat",
                "Cat",
                "caf\u00e9",
                " a b",
                "\u200f\u0627\u0644\u0642\u0637",
                "\u0645\u06cc\u200c\u062e",
                "__proto__",
            ]
        },
        {"name": "\x1b[31mred\nline"},
        {"policy": {"sentence": "Nothing is accepted.", "error": None, "something": "new"}},
        {"metrics": {"accuracy": None, "conformal": {"asked": 0.9}, "something": {"new": [1.5]}}},
        {"metrics": {"accuracy": {"leak_free": {"value": 1.0000000000000002, "low": None, "high": None}}}},
        {"backbone": {"name": None}, "data": {}, "config": {"seed": 2**60}},
        {"names": {"red": {"name": "Rot"}, "dark": {}}},
    ],
)
def test_unusual_values_within_the_rules_are_read(changes: dict[str, Any]) -> None:
    assert Manifest.from_bytes(changed(**changes)).to_bytes()


@pytest.mark.parametrize("label", ["\ud800", "a\udfffb"])
@pytest.mark.parametrize("place", ["name", "version", "policy", "labels", "config", "key"])
def test_text_with_half_a_surrogate_pair_is_rejected(place: str, label: str) -> None:
    values = {
        "name": {"name": label},
        "version": {"version": label},
        "policy": {"policy": {"sentence": label}},
        "labels": {"labels": ["dark", label]},
        "config": {"config": {"new": [{"x": label}]}},
        "key": {"config": {label: 1}},
    }
    with pytest.raises(BundleDamaged, match="surrogate"):
        Manifest.from_bytes(changed(**values[place]))


@pytest.mark.parametrize("number", [b"1e999", b"-1e999", b"NaN", b"Infinity", b"9" * 400, b"9" * 5000])
@pytest.mark.parametrize("place", [b'"temperature": 1.0', b'"unknown": 0.6', b'"config": {}'])
def test_numbers_that_no_program_can_hold_are_rejected(place: bytes, number: bytes) -> None:
    data = make_manifest().to_bytes()
    assert place in data
    value = b'{"x": ' + number + b"}" if place.endswith(b"{}") else number
    with pytest.raises(BundleDamaged, match=r"number|digits"):
        Manifest.from_bytes(data.replace(place, place.split(b":")[0] + b": " + value))


def test_a_key_that_stands_twice_is_rejected() -> None:
    data = make_manifest().to_bytes()
    for twice in (data[:-2] + b',\n "name": "other"\n}', data.replace(b'"accept":', b'"accept": 0.0, "accept":')):
        with pytest.raises(BundleDamaged, match="more than once"):
            Manifest.from_bytes(twice)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig", "latin-1"])
def test_only_utf_8_is_read(encoding: str) -> None:
    with pytest.raises(BundleDamaged):
        Manifest.from_bytes(changed(name="ä").decode().replace("\\u00e4", "ä").encode(encoding))
