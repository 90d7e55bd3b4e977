"""Forged figures: golden vectors, hashes of training pictures, and outputs that cannot be probabilities or scores.

A forged graph comes with the golden vectors that it computes itself, so that a replay does not differ.
"""

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

from discern.bundle import archive
from discern.bundle.golden import generate_pictures
from discern.bundle.stored_arrays import write_arrays
from discern.picture import Recipe, load_input
from tests.attacks.forged_bundle import Additions, Forged
from tests.attacks.hostile_bundles import (
    deflated_golden,
    forge,
    serialise_array,
    serialise_arrays,
    sound_members,
    with_member,
)
from tests.unit.bundle.factories import colour_graph
from tests.unit.catalog.factories import picture

Arrays = dict[str, np.ndarray]
PICTURES = 6


@lru_cache
def sound_golden() -> Mapping[str, np.ndarray]:
    """Read the golden vectors of the sound bundle."""
    with np.load(io.BytesIO(sound_members()["golden.npz"])) as opened:
        return {name: opened[name] for name in opened.files}


def golden(**changed: np.ndarray) -> bytes:
    """Pack the sound bundle with some golden arrays changed."""
    return forge("golden.npz", serialise_arrays(**{**sound_golden(), **changed}))


def golden_zip(add: Callable[[zipfile.ZipFile], object]) -> bytes:
    """Pack the sound bundle with entries added to its golden vectors."""
    buffer = io.BytesIO(sound_members()["golden.npz"])
    with zipfile.ZipFile(buffer, "a") as opened:
        add(opened)
    return forge("golden.npz", buffer.getvalue())


def golden_raw(name: str, data: bytes) -> bytes:
    """Pack the sound bundle with one member of its golden vectors replaced by bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for each, values in sound_golden().items():
            opened.writestr(f"{each}.npy", data if each == name else serialise_array(values))
    return forge("golden.npz", buffer.getvalue())


def header(shape: str, *, dtype: str = "'<f4'", version: int = 1, padding: int = 0) -> bytes:
    """Build the header of an array file."""
    text = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}".encode() + b" " * padding + b"\n"
    layout = "<H" if version == 1 else "<I"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack(layout, len(text)) + text


def probabilities(*row: float) -> np.ndarray:
    """Repeat one row for all golden pictures."""
    return np.tile(np.array(row, np.float32), (PICTURES, 1))


def png_bomb(width: int, height: int) -> bytes:
    """Build a PNG of many pixels in few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width // 8 + 1) * min(height, 1000)), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def pictures_of(data: bytes, count: int = PICTURES) -> bytes:
    """Pack the sound bundle with golden pictures that all have the same content."""
    outputs = {name: values for name, values in sound_golden().items() if not name.startswith("picture_")}
    if count != PICTURES:
        outputs = {name: np.repeat(values[:1], count, axis=0) for name, values in outputs.items()}
    files = {f"picture_{number}": np.frombuffer(data, np.uint8) for number in range(count)}
    return forge("golden.npz", serialise_arrays(**outputs, **files))


def with_graph(graph: bytes) -> bytes:
    """Pack the sound bundle with another graph, and with the golden vectors that this graph computes."""
    members = sound_members()
    recipe = Recipe.from_json(json.loads(members[archive.MANIFEST])["recipe"])
    files = generate_pictures()
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    inputs = np.stack([load_input(data, recipe) for data in files])
    outputs = dict(zip(names, session.run(None, {"pixels": inputs}), strict=True))
    recorded = {name: np.asarray(outputs[name], np.float32) for name in ("probabilities", "unknown_score", "embedding")}
    recorded |= {f"picture_{number}": np.frombuffer(data, np.uint8) for number, data in enumerate(files)}
    return archive.pack(
        with_member(with_member(members, "model.onnx", graph), "golden.npz", serialise_arrays(**recorded))
    )


def output_graph(output: str, compute: Callable[[Additions, str], str]) -> bytes:
    """Build the sound graph with one output computed from its sound value."""
    model = onnx.load_from_string(colour_graph())
    for node in model.graph.node:
        for names in (node.input, node.output):
            for place, name in enumerate(names):
                if name == output:
                    names[place] = f"{output}/sound"
    result = compute(Additions(model), f"{output}/sound")
    model.graph.node.append(helper.make_node("Identity", [result], [output]))
    return bytes(model.SerializeToString())


def _constant(value: float) -> Callable[[Additions, str], str]:
    """Return a function that replaces all values by one."""

    def compute(additions: Additions, sound: str) -> str:
        nothing = additions.add("Mul", sound, additions.constant(0, np.float32))
        return additions.add("Add", nothing, additions.constant(value, np.float32))

    return compute


def _by(operation: str, value: float) -> Callable[[Additions, str], str]:
    return lambda additions, sound: additions.add(operation, sound, additions.constant(value, np.float32))


def for_bright(output: str, value: float) -> bytes:
    """Build a graph whose output is sound for the golden pictures, and another value for a white picture."""

    def compute(additions: Additions, sound: str) -> str:
        mean = additions.add("ReduceMean", "unit", additions.constant([1, 2, 3]), keepdims=0)
        if output != "unknown_score":
            mean = additions.add("Unsqueeze", mean, additions.constant([1]))
        bright = additions.add("Greater", mean, additions.constant(0.95, np.float32))
        return additions.add("Where", bright, additions.constant(value, np.float32), sound)

    return output_graph(output, compute)


def _evidence_transposed() -> bytes:
    return output_graph("evidence", lambda additions, sound: additions.add("Transpose", sound, perm=[0, 3, 1, 2]))


def _rows(
    kind: str, entries: dict[str, tuple[Callable[[], bytes], str]], *, heavy: bool = False, loads: bool = False
) -> tuple[Forged, ...]:
    return tuple(
        Forged(kind=kind, name=name, make=make, says=says, heavy=heavy, loads=loads)
        for name, (make, says) in entries.items()
    )


NPZ = "golden"
PROBABILITIES = "probabilit|golden"
GOLDEN = _rows(
    "golden vector",
    {
        "nothing": (lambda: forge("golden.npz", b""), NPZ),
        "garbage": (lambda: forge("golden.npz", b"garbage"), NPZ),
        "a pickle": (lambda: forge("golden.npz", b"\x80\x04cos\nsystem\n."), NPZ),
        "NaN as a probability": (lambda: golden(probabilities=probabilities(np.nan, 1)), PROBABILITIES),
        "infinity as a probability": (lambda: golden(probabilities=probabilities(np.inf, 0)), PROBABILITIES),
        "probabilities that sum to 2": (lambda: golden(probabilities=probabilities(1, 1)), PROBABILITIES),
        "probabilities that sum to 1/2": (lambda: golden(probabilities=probabilities(0.25, 0.25)), PROBABILITIES),
        "a negative probability": (lambda: golden(probabilities=probabilities(-0.5, 1.5)), PROBABILITIES),
        "NaN as an unknown score": (lambda: golden(unknown_score=np.full(PICTURES, np.nan, np.float32)), NPZ),
        "infinity as an unknown score": (lambda: golden(unknown_score=np.full(PICTURES, np.inf, np.float32)), NPZ),
        "NaN in an embedding": (lambda: golden(embedding=np.full((PICTURES, 3), np.nan, np.float32)), NPZ),
        "other columns": (lambda: golden(probabilities=np.full((PICTURES, 7), 1 / 7, np.float32)), NPZ),
        "other rows": (lambda: golden(probabilities=probabilities(0.5, 0.5)[:2]), NPZ),
        "no rows": (lambda: golden(**{name: sound_golden()[name][:0] for name in ("probabilities", "embedding")}), NPZ),
        "another number of axes": (lambda: golden(unknown_score=np.zeros((PICTURES, 1), np.float32)), NPZ),
        "one number": (lambda: golden(unknown_score=np.float32(0)), NPZ),
        "doubles": (lambda: golden(probabilities=sound_golden()["probabilities"].astype(np.float64)), NPZ),
        "integers": (lambda: golden(probabilities=np.tile([[0, 1]], (PICTURES, 1))), NPZ),
        "complex numbers": (lambda: golden(probabilities=sound_golden()["probabilities"].astype(complex)), NPZ),
        "texts": (lambda: golden(probabilities=np.full((PICTURES, 2), "0.5")), NPZ),
        "dates": (lambda: golden(unknown_score=np.full(PICTURES, "2020-01-01", "datetime64[s]")), NPZ),
        "records": (lambda: golden(unknown_score=np.zeros(PICTURES, [("a", "<f4"), ("b", "O")])), NPZ),
        "objects": (lambda: golden(unknown_score=np.array([{}] * PICTURES, object)), NPZ),
        "an array missing": (
            lambda: forge(
                "golden.npz", serialise_arrays(**{k: v for k, v in sound_golden().items() if k != "unknown_score"})
            ),
            NPZ,
        ),
        "an array too many": (lambda: golden(more=np.zeros(3)), NPZ),
        "a file other than an array": (lambda: golden_zip(lambda opened: opened.writestr("run.py", "import os")), NPZ),
        "no pictures": (
            lambda: forge(
                "golden.npz",
                serialise_arrays(**{k: v[:0] for k, v in sound_golden().items() if not k.startswith("picture_")}),
            ),
            NPZ,
        ),
        "compressed arrays": (lambda: forge("golden.npz", _compressed()), NPZ),
        "a thousand pictures": (lambda: pictures_of(generate_pictures()[0], 1000), f"{NPZ}|many files"),
        "a header that claims exabytes": (
            lambda: golden_raw("probabilities", header("(4611686018427387904, 2)") + bytes(48)),
            NPZ,
        ),
        "a header whose sizes overflow": (
            lambda: golden_raw("unknown_score", header("(4294967296, 4294967296, 4294967296)")),
            NPZ,
        ),
        "a header with a negative size": (lambda: golden_raw("unknown_score", header("(-6,)") + bytes(24)), NPZ),
        "a header with true as a size": (lambda: golden_raw("unknown_score", header("(True,)") + bytes(4)), NPZ),
        "a header of a megabyte": (
            lambda: golden_raw("unknown_score", header("(6,)", version=2, padding=2**20) + bytes(24)),
            NPZ,
        ),
        "a header in parentheses": (
            lambda: golden_raw("unknown_score", header("(" * 9000 + ")" * 9000) + bytes(24)),
            NPZ,
        ),
        "a header that runs": (
            lambda: golden_raw("unknown_score", header("(6,)", dtype="__import__('os')") + bytes(24)),
            NPZ,
        ),
        "a header of version 9": (lambda: golden_raw("unknown_score", header("(6,)", version=9) + bytes(24)), NPZ),
        "an array cut short": (lambda: golden_raw("unknown_score", header("(6,)") + bytes(20)), NPZ),
        "an array and more": (lambda: golden_raw("unknown_score", header("(6,)") + bytes(28)), NPZ),
    },
)
GOLDEN_PICTURES = _rows(
    "golden picture",
    {
        "no file": (lambda: pictures_of(b""), NPZ),
        "text": (lambda: pictures_of(b"hello"), NPZ),
        "of 10^9 pixels": (lambda: pictures_of(png_bomb(40_000, 25_000)), f"{NPZ}|picture|pixels"),
        "of 10^9 pixels in one row": (lambda: pictures_of(png_bomb(10**9, 1)), f"{NPZ}|picture|pixels"),
        "of no pixels": (lambda: pictures_of(png_bomb(0, 0)), f"{NPZ}|picture|pixels"),
        "the beginning of a PNG": (lambda: pictures_of(b"\x89PNG\r\n\x1a\n" + bytes(99)), f"{NPZ}|picture"),
        "of floats": (lambda: golden(picture_0=np.zeros(99, np.float32)), NPZ),
        "of two axes": (lambda: golden(picture_0=sound_golden()["picture_0"].reshape(1, -1)), NPZ),
        "of objects": (lambda: golden(picture_0=np.array([{}], object)), NPZ),
    },
)
OTHER_FIGURES = _rows(
    "golden vector of another model",
    {
        "probabilities of other values": (
            lambda: golden(probabilities=sound_golden()["probabilities"][:, ::-1].copy()),
            "golden",
        ),
        "an embedding of other values": (lambda: golden(embedding=sound_golden()["embedding"] + 1), "golden"),
        "an embedding of other width": (lambda: golden(embedding=np.zeros((PICTURES, 9), np.float32)), "golden"),
        "scores of other values": (lambda: golden(unknown_score=sound_golden()["unknown_score"] + 1), "golden"),
        "other pictures": (lambda: pictures_of(generate_pictures()[3]), "golden"),
        "a picture cut short": (lambda: pictures_of(picture(1)[:60]), "golden"),
    },
    loads=True,
)
SEEN_WORDS = "seen"
SEEN = _rows(
    "hash of a training picture",
    {
        "nothing": (lambda: forge("seen.npy", b""), SEEN_WORDS),
        "garbage": (lambda: forge("seen.npy", b"garbage"), SEEN_WORDS),
        "objects": (lambda: forge("seen.npy", serialise_array(np.array([{}] * 8, object))), SEEN_WORDS),
        "a pickle": (lambda: forge("seen.npy", b"\x80\x04cos\nsystem\n."), SEEN_WORDS),
        "of nine bytes": (lambda: forge("seen.npy", serialise_array(np.zeros((2, 9), np.uint8))), SEEN_WORDS),
        "of another type": (lambda: forge("seen.npy", serialise_array(np.zeros((2, 8), np.int8))), SEEN_WORDS),
        "of one axis": (lambda: forge("seen.npy", serialise_array(np.zeros(16, np.uint8))), SEEN_WORDS),
        "of three axes": (lambda: forge("seen.npy", serialise_array(np.zeros((2, 8, 1), np.uint8))), SEEN_WORDS),
        "exabytes": (lambda: forge("seen.npy", header("(2**60, 8)", dtype="'|u1'") + bytes(16)), SEEN_WORDS),
        "exabytes, in digits": (
            lambda: forge("seen.npy", header(f"({2**60}, 8)", dtype="'|u1'") + bytes(16)),
            SEEN_WORDS,
        ),
        "a product of 2^64": (lambda: forge("seen.npy", header(f"({2**61}, 8)", dtype="'|u1'")), SEEN_WORDS),
        "a number of 10^4 digits": (
            lambda: forge("seen.npy", header(f"({'9' * 9999}, 8)", dtype="'|u1'")),
            SEEN_WORDS,
        ),
        "cut short": (lambda: forge("seen.npy", header("(3, 8)", dtype="'|u1'") + bytes(16)), SEEN_WORDS),
        "more than it says": (lambda: forge("seen.npy", header("(1, 8)", dtype="'|u1'") + bytes(16)), SEEN_WORDS),
        "no bytes, often": (lambda: forge("seen.npy", header(f"({2**62}, 0)", dtype="'|u1'")), SEEN_WORDS),
        "an archive of arrays": (lambda: forge("seen.npy", sound_members()["golden.npz"]), SEEN_WORDS),
    },
)
REFERENCE_WORDS = "reference"


def _reference(**changes: np.ndarray) -> bytes:
    """Write arrays as of a reference, some of them changed."""
    return forge("reference.npz", write_arrays(REFERENCE_ARRAYS | changes))


REFERENCE_ARRAYS: dict[str, np.ndarray] = {
    "signals": np.zeros((9, 6), "<f4"),
    "label": np.zeros(9, "<i2"),
    "is_right": np.ones(9, bool),
    "content": np.zeros((9, 8), np.uint8),
    "projected": np.zeros((9, 4), np.int8),
    "centres": np.zeros((2, 4), "<f2"),
    "figures": np.ones(2, "<f4"),
}
REFERENCE = _rows(
    "reference picture",
    {
        "nothing": (lambda: forge("reference.npz", b""), REFERENCE_WORDS),
        "garbage": (lambda: forge("reference.npz", b"garbage"), REFERENCE_WORDS),
        "a pickle": (lambda: forge("reference.npz", b"\x80\x04cos\nsystem\n."), REFERENCE_WORDS),
        "golden vectors": (lambda: forge("reference.npz", sound_members()["golden.npz"]), REFERENCE_WORDS),
        "cut short": (lambda: forge("reference.npz", write_arrays(REFERENCE_ARRAYS)[:300]), REFERENCE_WORDS),
        "megabytes": (lambda: _reference(signals=np.zeros((90_000, 6), "<f4")), REFERENCE_WORDS),
        "of a class that is none": (lambda: _reference(label=np.full(9, 2, "<i2")), REFERENCE_WORDS),
        "of more embeddings": (lambda: _reference(projected=np.zeros((10, 4), np.int8)), REFERENCE_WORDS),
        "of three centres": (lambda: _reference(centres=np.zeros((3, 4), "<f2")), REFERENCE_WORDS),
        "of infinite signals": (lambda: _reference(signals=np.full((9, 6), np.inf, "<f4")), REFERENCE_WORDS),
        "of no signals": (lambda: _reference(signals=np.full((9, 6), np.nan, "<f4")), REFERENCE_WORDS),
        "of half a signal": (
            lambda: _reference(signals=np.where(np.eye(9, 6) > 0, np.nan, 0).astype("<f4")),
            REFERENCE_WORDS,
        ),
        "of an impossible accuracy": (lambda: _reference(figures=np.full(2, 7, "<f4")), REFERENCE_WORDS),
        "of no pictures": (lambda: _reference(signals=np.zeros((0, 6), "<f4")), REFERENCE_WORDS),
        "of truth that is neither": (lambda: _reference(is_right=np.full(9, 2, np.uint8).view(bool)), REFERENCE_WORDS),
    },
)
CARD = _rows(
    "model card",
    {
        "not UTF-8": (lambda: forge("CARD.md", b"# Card\xff"), "CARD"),
        "an encoded surrogate": (lambda: forge("CARD.md", b"# Card \xed\xa0\x80"), "CARD"),
        "UTF-16": (lambda: forge("CARD.md", "# Card".encode("utf-16")), "CARD"),
    },
)
OUTPUT = "probabilit|golden|output|finite|figure|score|embedding"
OUTPUTS = _rows(
    "output",
    {
        "probabilities doubled": (
            lambda: with_graph(output_graph("probabilities", _by("Mul", 2))),
            OUTPUT,
        ),
        "probabilities of 0": (lambda: with_graph(output_graph("probabilities", _constant(0))), OUTPUT),
        "probabilities of NaN": (lambda: with_graph(output_graph("probabilities", _constant(np.nan))), OUTPUT),
        "probabilities of infinity": (lambda: with_graph(output_graph("probabilities", _constant(np.inf))), OUTPUT),
        "probabilities that are logits": (
            lambda: with_graph(output_graph("probabilities", lambda a, sound: a.add("Identity", "logits"))),
            OUTPUT,
        ),
        "negative probabilities that sum to 1": (
            lambda: with_graph(
                output_graph(
                    "probabilities",
                    lambda a, sound: a.add(
                        "Sub", a.add("Mul", sound, a.constant(3, np.float32)), a.constant(1, np.float32)
                    ),
                )
            ),
            OUTPUT,
        ),
        "probabilities of three labels": (
            lambda: with_graph(
                output_graph(
                    "probabilities",
                    lambda a, sound: a.add("Softmax", a.add("Identity", "embedding"), axis=1),
                )
            ),
            f"{OUTPUT}|match",
        ),
        "probabilities of one axis": (
            lambda: with_graph(
                output_graph("probabilities", lambda a, sound: a.add("ReduceMax", sound, a.constant([1]), keepdims=0))
            ),
            f"{OUTPUT}|match",
        ),
        "an unknown score of NaN": (lambda: with_graph(output_graph("unknown_score", _constant(np.nan))), OUTPUT),
        "an unknown score of -infinity": (
            lambda: with_graph(output_graph("unknown_score", _constant(-np.inf))),
            OUTPUT,
        ),
        "an unknown score per label": (
            lambda: with_graph(output_graph("unknown_score", lambda a, sound: a.add("Identity", "probabilities"))),
            f"{OUTPUT}|match",
        ),
        "an embedding of NaN": (lambda: with_graph(output_graph("embedding", _constant(np.nan))), OUTPUT),
        "evidence with its labels first": (lambda: with_graph(_evidence_transposed()), f"{OUTPUT}|evidence|match"),
        "evidence of NaN": (
            lambda: with_graph(output_graph("evidence", _constant(np.nan))),
            f"{OUTPUT}|evidence",
        ),
        "doubles": (
            lambda: with_graph(
                _retyped(output_graph("probabilities", lambda a, sound: a.add("Cast", sound, to=TensorProto.DOUBLE)))
            ),
            f"{OUTPUT}|float",
        ),
    },
)
BOMBS = _rows(
    "golden vector", {"gigabytes, deflated": (lambda: forge("golden.npz", deflated_golden()), NPZ)}, heavy=True
) + _rows(
    "golden picture",
    {"a hundred thousand": (lambda: pictures_of(generate_pictures()[0][:300], 100_000), NPZ)},
    heavy=True,
)


def _compressed() -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **sound_golden())
    return buffer.getvalue()


def _retyped(graph: bytes) -> bytes:
    model = onnx.load_from_string(graph)
    for value in model.graph.output:
        if value.name == "probabilities":
            value.type.tensor_type.elem_type = TensorProto.DOUBLE
    return bytes(model.SerializeToString())


FIGURES: tuple[Forged, ...] = (*GOLDEN, *GOLDEN_PICTURES, *OTHER_FIGURES, *SEEN, *REFERENCE, *CARD, *OUTPUTS, *BOMBS)
