"""Golden vectors are bounded and checked before they are used, and outputs must be probabilities."""

import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

from discern.bundle import Model, archive, golden, load, open_runtime, record_golden, write_bundle
from discern.errors import BundleDamaged
from discern.flow.verify import verify
from tests.attacks.hostile_bundles import sound_members, with_facts, with_member
from tests.unit.bundle.factories import LABELS, SIZE, colour_graph, make_manifest

SOUND = sound_members()["golden.npz"]


def arrays() -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(SOUND)) as opened:
        return {name: opened[name] for name in opened.files}


def packed(changes: dict[str, Any], *, without: str = "", compression: int = zipfile.ZIP_STORED) -> bytes:
    """Pack golden vectors with some arrays replaced."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as opened:
        for name, values in (arrays() | changes).items():
            if name != without:
                member = io.BytesIO()
                np.save(member, values, allow_pickle=True)
                opened.writestr(f"{name}.npy", member.getvalue())
    return buffer.getvalue()


def png(width: int, height: int, suffix: str = "PNG") -> np.ndarray:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height)).save(buffer, suffix)
    return np.frombuffer(buffer.getvalue(), np.uint8)


def altered(name: str, place: int, value: float) -> dict[str, np.ndarray]:
    values = arrays()[name].copy()
    values.reshape(-1)[place] = value
    return {name: values}


def test_the_recorded_vectors_are_read() -> None:
    found = golden.read(SOUND, classes=len(LABELS))
    assert len(found.pictures) == 6
    assert {name: values.shape for name, values in found.outputs.items()} == {
        "probabilities": (6, 2),
        "unknown_score": (6,),
        "embedding": (6, 3),
    }


def test_vectors_recorded_before_give_the_same_bundle_and_are_verified_like_others(tmp_path: Path) -> None:
    graph, manifest = colour_graph(), make_manifest()
    facts = {"graph": graph, "manifest": manifest, "seen": ["ab" * 32], "card": "# Card\n"}
    recorded = record_golden(open_runtime(graph), manifest.recipe)
    first = write_bundle(tmp_path / "first", **facts)
    assert write_bundle(tmp_path / "second", **facts, recorded=recorded) == first
    assert load(tmp_path / "second").verify().passed
    vectors = golden.read(recorded, classes=len(LABELS))
    write_bundle(tmp_path / "third", **facts, recorded=packed({"embedding": vectors.outputs["embedding"] + 1}))
    assert not load(tmp_path / "third").verify().passed


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes(17 << 20), "larger than 16 MiB"),
        (b"PK\1\2" * 100 + SOUND, "too large"),
        (packed({}, without="embedding"), "does not have the arrays"),
        (packed({}, without="picture_2"), "does not have the arrays"),
        (packed({"more": np.zeros(1)}), "does not have the arrays"),
        (packed({f"picture_{number}": arrays()["picture_0"] for number in range(33)}), "too large|does not have"),
        (packed({}, compression=zipfile.ZIP_DEFLATED), "compressed"),
        (packed({"probabilities": arrays()["probabilities"].astype(np.float64)}), "not an array of <f4"),
        (packed({"probabilities": np.zeros((6, 3), np.float32)}), "bundle.json"),
        (packed({"probabilities": np.zeros((5, 2), np.float32)}), "not those of its pictures"),
        (packed({"embedding": np.zeros((6, 3, 1), np.float32)}), "dimensions"),
        (packed({"unknown_score": np.array(["a"] * 6, object)}), "not an array"),
        (packed(altered("probabilities", 3, np.nan)), "probabilities has numbers that are not finite"),
        (packed(altered("unknown_score", 0, np.inf)), "unknown_score has numbers that are not finite"),
        (packed(altered("embedding", 5, -np.inf)), "embedding has numbers that are not finite"),
        (packed(altered("probabilities", 0, 1.5)), "sum to 1"),
        (packed({"probabilities": np.float32([[1.5, -0.5]] * 6)}), r"not in \[0, 1\]"),
        (packed({"probabilities": np.full((6, 2), 0.25, np.float32)}), "sum to 1"),
        (packed({"picture_0": np.zeros(9, np.uint8)}), "PNG"),
        (packed({"picture_0": np.zeros((9, 1), np.uint8)}), "dimensions"),
        (packed({"picture_0": png(60, 60, "BMP")}), "PNG"),
    ],
)
def test_other_content_is_rejected_by_load_and_verify(data: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, with_member(sound_members(), "golden.npz", data))
    with pytest.raises(BundleDamaged, match=reason):
        load(path)
    result = verify(path)
    assert (result.passed, "golden.npz" in result.why) == (False, True)


@pytest.mark.parametrize("size", [(1, 2_000_000), (1500, 1500)])
def test_a_large_picture_is_rejected(size: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "forged.discern"
    archive.write(path, with_member(sound_members(), "golden.npz", packed({"picture_3": png(*size)})))
    with pytest.raises(BundleDamaged, match=r"golden.npz .*too large"):
        load(path)


def nodes_after(output: str, *nodes: onnx.NodeProto, **constants: Any) -> bytes:
    """Build the small model's graph with the output of one node computed from its old value, named `old`."""
    model = onnx.load_from_string(colour_graph())
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name == output:
                node.output[place] = "old"
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()
    )
    return bytes(model.SerializeToString())


def binary(operation: str, output: str, value: Any) -> bytes:
    return nodes_after(output, onnx.helper.make_node(operation, ["old", "by"], [output]), by=np.float32(value))


GRAPHS = {
    "nan probabilities": (binary("Mul", "probabilities", np.nan), "probabilities .*finite"),
    "nan for one label": (binary("Mul", "probabilities", [1, np.nan]), "probabilities .*finite"),
    "probabilities above 1": (binary("Mul", "probabilities", 5), "sum to 1"),
    "probabilities of 0": (binary("Mul", "probabilities", 0), "sum to 1"),
    "negative probabilities": (binary("Add", "probabilities", [2, -2]), r"\[0, 1\]"),
    "a nan score": (binary("Mul", "unknown_score", np.nan), "unknown_score .*finite"),
    "a map of nan": (binary("Mul", "evidence", np.nan), "evidence .*finite"),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_whose_outputs_cannot_be_decided_on_is_rejected(name: str, tmp_path: Path) -> None:
    graph, reason = GRAPHS[name]
    path = tmp_path / "forged.discern"
    archive.write(path, with_member(sound_members(), "model.onnx", graph))
    with pytest.raises(BundleDamaged, match=reason):
        load(path)
    assert not verify(path).passed
    if "finite" in reason:
        assert not Model(archive.unpack(path), threads=1).verify().passed


class Altered:
    """Runtime with one output replaced, as a forged graph could compute it."""

    precision = "float32"

    def __init__(self, model: Model, name: str, change: Callable[[np.ndarray], Any]) -> None:
        self.model, self.name, self.change = model, name, change
        self.input_shapes = {"pixels": (None, SIZE, SIZE, 3)}

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, Any]:
        outputs: dict[str, Any] = dict(self.model.run(inputs["pixels"]))
        changed = self.change(outputs.pop(self.name))
        return outputs if changed is None else outputs | {self.name: changed}


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("probabilities", lambda values: values[:, :1]),
        ("probabilities", lambda values: values[:1]),
        ("probabilities", lambda values: values.astype(np.float64)),
        ("probabilities", lambda values: values.tolist()),
        ("unknown_score", lambda values: np.stack([values, values])),
        ("unknown_score", lambda values: values.sum(keepdims=True)),
        ("unknown_score", lambda values: values.astype(np.float16)),
        ("unknown_score", lambda values: values.astype(str)),
        ("embedding", lambda values: values[:, :0]),
        ("embedding", lambda values: values.astype(np.int64)),
        ("embedding", lambda values: None),
        ("evidence", lambda values: values.sum(axis=1)),
        ("evidence", lambda values: values[..., :1]),
        ("evidence", lambda values: None),
    ],
)
def test_outputs_of_another_shape_or_type_are_rejected(name: str, change: Callable[[np.ndarray], Any]) -> None:
    model = Model(sound_members(), threads=1)
    altered = Model(sound_members(), runtime=Altered(model, name, change))
    for act in (altered.check_outputs, altered.verify):
        with pytest.raises(BundleDamaged, match=f"graph's {name} has another shape or type"):
            act()


@pytest.mark.parametrize("name", ["probabilities", "unknown_score", "embedding", "evidence"])
@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_an_output_that_is_not_finite_is_rejected_by_name(name: str, number: float) -> None:
    model = Model(sound_members(), threads=1)

    def change(values: np.ndarray) -> np.ndarray:
        changed = values.copy()
        changed.reshape(-1)[-1] = number
        return changed

    altered = Model(sound_members(), runtime=Altered(model, name, change))
    with pytest.raises(BundleDamaged, match=f"its {name} has numbers that are not finite"):
        altered.check_outputs()
    assert not altered.verify().passed


def test_a_recipe_of_another_size_is_rejected_before_a_picture_is_prepared(tmp_path: Path) -> None:
    recipe = json.loads(sound_members()[archive.MANIFEST])["recipe"] | {"size": 4096, "resize": 4096}
    path = tmp_path / "forged.discern"
    archive.write(path, with_facts(sound_members(), recipe=recipe))
    tracemalloc.start()
    with pytest.raises(BundleDamaged, match="does not take pictures of 4096 x 4096 pixels"):
        load(path)
    assert tracemalloc.get_traced_memory()[1] < 20 << 20
    tracemalloc.stop()


def test_too_many_arrays_are_reported_as_such(tmp_path: Path) -> None:
    pictures = {f"picture_{number}": arrays()["picture_0"][:9] for number in range(1200)}
    path = tmp_path / "forged.discern"
    archive.write(path, with_member(sound_members(), "golden.npz", packed(pictures)))
    with pytest.raises(BundleDamaged, match=r"more entries than a bundle, or golden\.npz has"):
        load(path)


def test_a_model_that_differs_from_its_golden_vectors_is_loaded_but_not_verified(tmp_path: Path) -> None:
    forged = arrays()["probabilities"][:, ::-1].copy()
    path = tmp_path / "forged.discern"
    archive.write(path, with_member(sound_members(), "golden.npz", packed({"probabilities": forged})))
    assert isinstance(load(path), Model)
    assert not verify(path).passed
