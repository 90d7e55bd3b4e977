"""Definition of a forged bundle, and functions that change the graph of a sound one as a forger would.

A forged bundle is in canonical form and has the right hashes: only its content is bad.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from discern.bundle.onnx_graph import GraphWriter, serialise
from tests.attacks.hostile_bundles import forge
from tests.unit.bundle.factories import SIZE, colour_graph

ChangeGraph = Callable[[bytes], bytes]


@dataclass(frozen=True, kw_only=True)
class Forged:
    """One forged bundle.

    Attributes:
        kind: type of the attack.
        name: unique among the bundles of this `kind`.
        make: builds the file.
        says: regular expression that the reason must match.
        loads: true if only a run shows the forgery, so that `load` accepts it and everything that runs it does not.
        heavy: takes seconds or hundreds of megabytes to build, and is run by the benchmark only.
    """

    kind: str
    name: str
    make: Callable[[], bytes]
    says: str
    loads: bool = False
    heavy: bool = False

    @property
    def title(self) -> str:
        """Unique title."""
        return f"{self.kind}: {self.name}"


@dataclass(frozen=True, kw_only=True)
class ForgedGraph:
    """One change of a sound graph, for the graph of a bundle and for that of a backbone.

    Attributes:
        kind: type of the attack.
        name: unique among the changes of this `kind`.
        change: builds the forged graph from the sound one.
        says: regular expression that the reason must match.
        heavy: as in `Forged`.
    """

    kind: str
    name: str
    change: ChangeGraph
    says: str
    heavy: bool = False

    @property
    def title(self) -> str:
        """Unique title."""
        return f"{self.kind}: {self.name}"

    def bundle(self) -> Forged:
        """Build the bundle with this graph."""
        return Forged(
            kind=self.kind,
            name=self.name,
            make=lambda: forge("model.onnx", self.change(colour_graph())),
            says=self.says,
            heavy=self.heavy,
        )

    def backbone(self) -> bytes:
        """Build the backbone with this graph."""
        return self.change(sound_backbone())


def sound_backbone() -> bytes:
    """Build a backbone that averages the colours."""
    writer = GraphWriter()
    colours = writer.relu6(writer.centred_pixels("pixels"))
    writer.add("Identity", writer.spatial_mean(colours), result="embedding")
    writer.channels_last(colours, result="map")
    return serialise(writer.model(size=SIZE, embedding=3, map_shape=(SIZE, SIZE, 3)))


def table(kind: str, entries: dict[str, tuple[ChangeGraph, str]], *, heavy: bool = False) -> tuple[ForgedGraph, ...]:
    """List changes that share a `kind`, given as name: (change, reason)."""
    return tuple(
        ForgedGraph(kind=kind, name=name, change=change, says=says, heavy=heavy)
        for name, (change, says) in entries.items()
    )


def on_model(act: Callable[[onnx.ModelProto], object]) -> ChangeGraph:
    """Return a change that parses a graph and modifies it in place."""

    def change(graph: bytes) -> bytes:
        model = onnx.load_from_string(graph)
        act(model)
        return bytes(model.SerializeToString())

    return change


class Additions:
    """Nodes and constants added to a model in place; each method returns the name of a result."""

    def __init__(self, model: onnx.ModelProto) -> None:
        self.model = model
        self._count = 0

    def _name(self) -> str:
        self._count += 1
        return f"forged_{self._count}"

    def constant(self, values: object, dtype: type = np.int64) -> str:
        """Add an initializer."""
        name = self._name()
        self.model.graph.initializer.append(numpy_helper.from_array(np.asarray(values, dtype), name))
        return name

    def add(self, operation: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        """Add a node and return the name of its first output."""
        names = [self._name() for _ in range(outputs)]
        self.model.graph.node.append(helper.make_node(operation, list(inputs), names, **attributes))
        return names[0]

    def zeros(self, *shape: int) -> str:
        """Add float zeros that are computed: their shape costs nothing to store."""
        return self.add("ConstantOfShape", self.constant(shape))

    def use(self, result: str) -> None:
        """Add nothing to the embedding in a way that needs a result."""
        number = self.add("Cast", result, to=TensorProto.FLOAT)
        total = self.add("ReduceSum", number, keepdims=0)
        nothing = self.add("Mul", total, self.constant(0, np.float32))
        for node in self.model.graph.node:
            for place, name in enumerate(node.output):
                if name == "embedding":
                    node.output[place] = "embedding/sound"
            for place, name in enumerate(node.input):
                if name == "embedding":
                    node.input[place] = "embedding/sound"
        self.model.graph.node.append(helper.make_node("Add", ["embedding/sound", nothing], ["embedding"]))


def computing(compute: Callable[[Additions], str], *, used: bool = True) -> ChangeGraph:
    """Return a change that computes a result, which the embedding needs unless told otherwise."""

    def act(model: onnx.ModelProto) -> None:
        additions = Additions(model)
        result = compute(additions)
        if used:
            additions.use(result)

    return on_model(act)


def tensor_value(name: str, dtype: int, shape: Sequence[int | str | None]) -> onnx.ValueInfoProto:
    """Describe a value of a graph."""
    return helper.make_tensor_value_info(name, dtype, list(shape))
