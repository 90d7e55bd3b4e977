"""Bundles that were cut, changed or forged: each is refused in one sentence, and none makes the program stumble."""

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
from tests.attacks.hostile_bundles import EXTERNAL, Members, arrays, forged, holding, saying
from tests.unit.bundle.factories import plain, write_small


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_small(tmp_path_factory.mktemp("whole") / "model.discern")


@pytest.fixture(scope="module")
def members(whole: Path) -> Members:
    return archive.unpack(whole)


@pytest.mark.parametrize("form", [0, 2, "1", [1], None, True, 1.5])
def test_another_form_is_refused_with_the_way_out(members: Members, tmp_path: Path, form: Any) -> None:
    path = tmp_path / "newer.discern"
    archive.write(path, saying(members, format=form))
    with pytest.raises(BundleError, match="Upgrade"):
        load(path)
    with pytest.raises(BundleError, match="Upgrade"):
        verify(path)


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


@pytest.mark.parametrize("name", EXTERNAL)
def test_a_graph_whose_weights_lie_in_other_files_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / "forged.discern"
    path.write_bytes(forged("model.onnx", EXTERNAL[name]()))
    with pytest.raises(BundleDamaged, match="weights in other files") as refused:
        load(path)
    assert refused.value.hint
    found = verify(path)
    assert not found.passed
    assert "weights in other files" in found.why


def test_golden_answers_of_another_shape_fail_verification(members: Members, tmp_path: Path) -> None:
    with np.load(io.BytesIO(members["golden.npz"])) as kept:
        other = {name: kept[name] for name in kept.files} | {"probabilities": np.zeros((6, 7), np.float32)}
    path = tmp_path / "forged.discern"
    archive.write(path, holding(members, "golden.npz", arrays(**other)))
    found = verify(path)
    assert not found.passed
    assert found.worst_difference is None
    assert json.dumps(found.to_json(), allow_nan=False)


def test_a_name_cannot_command_a_terminal(members: Members, tmp_path: Path) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, saying(members, name="\x1b[31mred\nline"))
    assert show(path)["name"] == "\x1b[31mred\nline"
    assert json.dumps(show(path), allow_nan=False)


@pytest.mark.parametrize("place", ["", ".", "nowhere", "/dev/null", "\0", "x" * 5000])
def test_what_is_no_file_is_no_bundle(tmp_path: Path, place: str) -> None:
    with pytest.raises(DiscernError):
        load(tmp_path / place if place else "")
