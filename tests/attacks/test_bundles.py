"""Bundles that were cut, changed or forged: each is refused in one sentence, and none makes the program stumble."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.bundle.small import plain, write_small

from discern.bundle import archive, load
from discern.errors import BundleDamaged, BundleError, DiscernError
from discern.features.testing import colour_backbone
from discern.flow.showing import show
from discern.flow.verifying import verify

Members = dict[str, bytes]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("whole") / "model.discern")


@pytest.fixture(scope="module")
def members(whole: Path) -> Members:
    return archive.unpack(whole)


def saying(members: Members, /, **facts: Any) -> Members:
    """The members with other facts in `bundle.json`, as whoever forges a bundle would write them."""
    return members | {archive.MANIFEST: json.dumps(json.loads(members[archive.MANIFEST]) | facts).encode()}


def holding(members: Members, name: str, data: bytes) -> Members:
    """The members with another one in the place of `name`, and its hash in `bundle.json`."""
    said = json.loads(members[archive.MANIFEST])["members"]
    return saying(members | {name: data}, members=said | {name: hashlib.sha256(data).hexdigest()})


def arrays(**named: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, **named)
    return file.getvalue()


def array(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    return file.getvalue()


def zip_of(**files: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as opened:
        for name, data in files.items():
            opened.writestr(name, data)
    return file.getvalue()


CHANGED: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda data: b"",
    "one_byte": lambda data: data[:1],
    "half": lambda data: data[: len(data) // 2],
    "all_but_one_byte": lambda data: data[:-1],
    "one_byte_more": lambda data: data + b"x",
    "bytes_before": lambda data: b"#!/bin/sh\n" + data,
    "twice": lambda data: data + data,
    "zeros": lambda data: bytes(len(data)),
    "text": lambda data: b"hello",
    "another_zip": lambda data: zip_of(**{"a.txt": b"hello"}),
    "empty_zip": lambda data: zip_of(),
    "right_names_alone": lambda data: zip_of(**dict.fromkeys(archive.MEMBERS, b"")),
    "one_bit": lambda data: data[:5000] + bytes([data[5000] ^ 1]) + data[5001:],
    "its_comment": lambda data: data[:-1] + bytes([data[-1] ^ 1]),
}


@pytest.mark.parametrize("change", CHANGED)
def test_a_changed_file_is_no_bundle(whole: Path, tmp_path: Path, change: str) -> None:
    path = tmp_path / "changed.discern"
    path.write_bytes(CHANGED[change](whole.read_bytes()))
    with pytest.raises(BundleDamaged) as caught:
        load(path)
    assert caught.value.hint
    assert not verify(path).passed


SAID: dict[str, dict[str, Any]] = {
    "no_labels": {"labels": []},
    "labels_twice": {"labels": ["red", "red"]},
    "numbers_for_labels": {"labels": [1, 2]},
    "null_for_labels": {"labels": None},
    "a_text_for_thresholds": {"thresholds": {"unknown": "high"}},
    "a_list_for_a_threshold": {"thresholds": {"accept": [1]}},
    "null_for_thresholds": {"thresholds": None},
    "no_number_as_threshold": {"thresholds": {"unknown": float("nan")}},
    "an_infinite_threshold": {"thresholds": {"unknown": float("inf")}},
    "a_text_for_the_temperature": {"temperature": "warm"},
    "null_for_members": {"members": None},
    "no_members": {"members": {}},
    "null_for_metrics": {"metrics": None},
    "a_list_for_the_backbone": {"backbone": []},
    "an_unknown_fact": {"colour": "red"},
    "no_recipe": {"recipe": None},
    "a_recipe_of_other_keys": {"recipe": {"size": 16}},
}


@pytest.mark.parametrize("fact", SAID)
def test_facts_of_the_wrong_kind_are_damage(members: Members, tmp_path: Path, fact: str) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, saying(members, **SAID[fact]))
    with pytest.raises(BundleDamaged):
        load(path)
    assert not verify(path).passed


@pytest.mark.parametrize("size", [-1, 0, 10**9, "16", None, True])
def test_a_recipe_of_an_impossible_size_is_damage(members: Members, tmp_path: Path, size: Any) -> None:
    recipe = json.loads(members[archive.MANIFEST])["recipe"]
    path = tmp_path / "forged.discern"
    archive.write(path, saying(members, recipe=recipe | {"size": size}))
    with pytest.raises(BundleDamaged):
        load(path)


@pytest.mark.parametrize("form", [0, 2, "1", [1], None, True, 1.5])
def test_another_form_is_refused_with_the_way_out(members: Members, tmp_path: Path, form: Any) -> None:
    path = tmp_path / "newer.discern"
    archive.write(path, saying(members, format=form))
    with pytest.raises(BundleError, match="Upgrade"):
        load(path)
    with pytest.raises(BundleError, match="Upgrade"):
        verify(path)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"5", b"null", b"\xff", b"[" * 100_000, b'{"format": NaN}'])
def test_a_manifest_that_is_none_is_damage(members: Members, tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, members | {archive.MANIFEST: text})
    with pytest.raises(BundleDamaged):
        load(path)


@pytest.mark.parametrize("graph", [b"", b"garbage", bytes(1000)])
def test_a_graph_that_is_none_is_damage(members: Members, tmp_path: Path, graph: bytes) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, holding(members, "model.onnx", graph))
    with pytest.raises(BundleDamaged, match="graph"):
        load(path)


class TestTwoThatDisagree:
    """Each member is what it says, and yet they do not belong together."""

    def refuses(self, path: Path, forged: Members) -> None:
        archive.write(path, forged)
        with pytest.raises(BundleDamaged):
            load(path)(plain(200, 0, 0))
        assert not verify(path).passed

    def test_more_labels_than_the_graph_answers(self, members: Members, tmp_path: Path) -> None:
        labels = [*json.loads(members[archive.MANIFEST])["labels"], "one more"]
        self.refuses(tmp_path / "forged.discern", saying(members, labels=labels))

    def test_the_graph_of_something_else(self, members: Members, tmp_path: Path) -> None:
        self.refuses(tmp_path / "forged.discern", holding(members, "model.onnx", colour_backbone().graph))

    def test_a_recipe_for_another_graph(self, members: Members, tmp_path: Path) -> None:
        recipe = json.loads(members[archive.MANIFEST])["recipe"]
        other = recipe | {"size": recipe["size"] * 2, "resize": recipe["resize"] * 2}
        self.refuses(tmp_path / "forged.discern", saying(members, recipe=other))


GOLDEN = {
    "nothing": b"",
    "garbage": b"garbage",
    "the_beginning_of_a_zip": b"PK\3\4" + bytes(100),
    "one_array": array(np.zeros(3)),
    "objects": arrays(picture_0=np.array([{}], object)),
    "no_pictures": arrays(probabilities=np.zeros((0, 2)), unknown_score=np.zeros(0), embedding=np.zeros((0, 4))),
    "pictures_that_are_none": arrays(
        picture_0=np.zeros(9, np.uint8),
        probabilities=np.zeros((1, 2)),
        unknown_score=np.zeros(1),
        embedding=np.zeros((1, 4)),
    ),
}


@pytest.mark.parametrize("golden", GOLDEN)
def test_golden_vectors_that_prove_nothing_fail_verification(members: Members, tmp_path: Path, golden: str) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, holding(members, "golden.npz", GOLDEN[golden]))
    assert not verify(path).passed


def test_golden_answers_of_another_shape_fail_verification(members: Members, tmp_path: Path) -> None:
    with np.load(io.BytesIO(members["golden.npz"])) as kept:
        other = {name: kept[name] for name in kept.files} | {"probabilities": np.zeros((6, 7), np.float32)}
    path = tmp_path / "forged.discern"
    archive.write(path, holding(members, "golden.npz", arrays(**other)))
    found = verify(path)
    assert not found.passed
    assert found.worst_difference is None
    assert json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize(
    "seen",
    [b"", b"garbage", array(np.array([{}], object)), array(np.zeros((3, 5), np.uint8)), array(np.zeros((3, 8)))],
)
def test_seen_hashes_that_are_none_are_damage(members: Members, tmp_path: Path, seen: bytes) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, holding(members, "seen.npy", seen))
    with pytest.raises(BundleDamaged, match="seen"):
        show(path)


def test_a_name_cannot_command_a_terminal(members: Members, tmp_path: Path) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, saying(members, name="\x1b[31mred\nline"))
    assert show(path)["name"] == "\x1b[31mred\nline"
    assert json.dumps(show(path), allow_nan=False)


@pytest.mark.parametrize("place", ["", ".", "nowhere", "/dev/null", "\0", "x" * 5000])
def test_what_is_no_file_is_no_bundle(tmp_path: Path, place: str) -> None:
    with pytest.raises(DiscernError):
        load(tmp_path / place if place else "")
