"""Truncated, changed and forged bundles are rejected with a BundleError, and never crash the program."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from discern.bundle import archive, load
from discern.errors import BundleDamaged, BundleError, DiscernError
from discern.features.testing import colour_backbone
from discern.flow.show import show
from discern.flow.verify import verify
from tests.attacks.hostile_bundles import EXTERNAL, Members, forge, serialise_arrays, with_facts, with_member
from tests.unit.bundle.factories import plain, write_small


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("whole") / "model.discern")


@pytest.fixture(scope="module")
def members(sound: Path) -> Members:
    return archive.unpack(sound)


@pytest.mark.parametrize("version", [0, 2, "1", [1], None, True, 1.5])
def test_another_format_is_rejected_with_the_remedy(members: Members, tmp_path: Path, version: Any) -> None:
    path = tmp_path / "newer.discern"
    archive.write(path, with_facts(members, format=version))
    with pytest.raises(BundleError, match="Upgrade"):
        load(path)
    with pytest.raises(BundleError, match="Upgrade"):
        verify(path)


class TestMembersThatDoNotMatch:
    """Each member is valid, but they do not belong together."""

    def assert_rejected(self, path: Path, members: Members) -> None:
        archive.write(path, members)
        with pytest.raises(BundleDamaged):
            load(path)(plain(200, 0, 0))
        assert not verify(path).passed

    def test_more_labels_than_outputs(self, members: Members, tmp_path: Path) -> None:
        labels = [*json.loads(members[archive.MANIFEST])["labels"], "one more"]
        self.assert_rejected(tmp_path / "forged.discern", with_facts(members, labels=labels))

    def test_the_graph_of_a_backbone(self, members: Members, tmp_path: Path) -> None:
        self.assert_rejected(tmp_path / "forged.discern", with_member(members, "model.onnx", colour_backbone().graph))

    def test_a_recipe_for_another_graph(self, members: Members, tmp_path: Path) -> None:
        recipe = json.loads(members[archive.MANIFEST])["recipe"]
        other = recipe | {"size": recipe["size"] * 2, "resize": recipe["resize"] * 2}
        self.assert_rejected(tmp_path / "forged.discern", with_facts(members, recipe=other))


@pytest.mark.parametrize("name", EXTERNAL)
def test_a_graph_with_weights_in_other_files_is_rejected(name: str, tmp_path: Path) -> None:
    path = tmp_path / "forged.discern"
    path.write_bytes(forge("model.onnx", EXTERNAL[name]()))
    with pytest.raises(BundleDamaged, match="weights in other files") as raised:
        load(path)
    assert raised.value.hint
    result = verify(path)
    assert not result.passed
    assert "weights in other files" in result.why


def test_golden_outputs_of_another_shape_fail_verification(members: Members, tmp_path: Path) -> None:
    with np.load(io.BytesIO(members["golden.npz"])) as opened:
        other = {name: opened[name] for name in opened.files} | {"probabilities": np.zeros((6, 7), np.float32)}
    path = tmp_path / "forged.discern"
    archive.write(path, with_member(members, "golden.npz", serialise_arrays(**other)))
    result = verify(path)
    assert not result.passed
    assert result.worst_difference is None
    assert json.dumps(result.to_json(), allow_nan=False)


def test_a_name_with_terminal_escapes_is_shown_as_data(members: Members, tmp_path: Path) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, with_facts(members, name="\x1b[31mred\nline"))
    assert show(path)["name"] == "\x1b[31mred\nline"
    assert json.dumps(show(path), allow_nan=False)


@pytest.mark.parametrize("place", ["", ".", "nowhere", "/dev/null", "\0", "x" * 5000])
def test_a_path_without_a_file_is_rejected(tmp_path: Path, place: str) -> None:
    with pytest.raises(DiscernError):
        load(tmp_path / place if place else "")
