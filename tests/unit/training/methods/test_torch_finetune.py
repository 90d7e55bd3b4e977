"""Fine-tuning starts from the probe's head, and ships what judges best. It needs PyTorch."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is optional")

from discern.errors import UsageError  # noqa: E402
from discern.features import load_backbone  # noqa: E402
from discern.features.testing import colour_backbone  # noqa: E402
from discern.heads import HeadConfig  # noqa: E402
from discern.progress import silent  # noqa: E402
from discern.splitting import TEST, Split, SplitConfig, make_split  # noqa: E402
from discern.training import MethodConfig, TrainingData  # noqa: E402
from discern.training.methods import Probe  # noqa: E402
from discern.training.methods.loop.torch_loop import predict  # noqa: E402
from discern.training.methods.networks.torch_pretrained import PretrainedNetwork  # noqa: E402
from discern.training.methods.torch_finetune import Finetune  # noqa: E402
from discern.training.methods.torch_parts import FitParts, hold_out  # noqa: E402
from tests.unit.training.factories import load_data, write_colours  # noqa: E402

SIZE, SEED = 96, 3


@dataclass(frozen=True)
class Prepared:
    data: TrainingData
    split: Split
    parts: FitParts


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("finetune")
    write_colours(folder / "pictures", part="train", spread=60)
    write_colours(folder / "pictures", part="test", each=4, seed=9, spread=60)
    data, groups = load_data(folder / "pictures", folder / "cache", load_backbone("lite0", size=SIZE))
    split = make_split(data.catalog, groups, SplitConfig(seed=SEED))
    parts = hold_out(split, data.catalog.label_index.astype(np.int64), TEST, seed=SEED)
    return Prepared(data, split, parts)


def method(**settings: Any) -> Finetune:
    return Finetune(config=MethodConfig(name="finetune", **settings), head=HeadConfig(), seed=SEED)


@pytest.fixture
def network(prepared: Prepared) -> PretrainedNetwork:
    return method().build_network(prepared.data, prepared.split, prepared.parts)


def test_before_the_first_step_the_logits_are_those_of_the_probes_head(
    prepared: Prepared, network: PretrainedNetwork, tmp_path: Path
) -> None:
    data, rows = prepared.data, np.arange(len(prepared.data.catalog))
    pictures = method().load_pictures(data.catalog, rows, data.recipe, tmp_path / "pictures.raw", silent)
    embedding, logits = predict(network, pictures, rows)
    features = np.asarray(data.rows(rows)[rows])
    head = Probe(config=HeadConfig(), seed=SEED).fit_head(data, prepared.split, prepared.parts.train)
    assert np.abs(embedding - features).max() <= 1e-4 * np.abs(features).max()
    np.testing.assert_allclose(logits, head.logits(features), atol=1e-4)


def test_the_first_head_follows_from_the_training_pictures_alone(prepared: Prepared) -> None:
    data, parts = prepared.data, prepared.parts
    spoilt = np.asarray(data.features[np.arange(len(data.features))]).copy()
    spoilt[data.position[parts.unseen]] = 0
    spoilt[data.position[np.flatnonzero(prepared.split.test)]] = 0
    changed = replace(data, features=_Held(spoilt))
    heads = [method().build_network(each, prepared.split, parts).linear_weights() for each in (data, changed)]
    np.testing.assert_array_equal(heads[0][0], heads[1][0])
    np.testing.assert_array_equal(heads[0][1], heads[1][1])


class _Held:
    """Features in memory, as `Rows`."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.shape, self.dtype = array.shape, array.dtype

    def __len__(self) -> int:
        return len(self._array)

    def __getitem__(self, rows: Any) -> np.ndarray:
        return self._array[rows]

    def select(self, rows: np.ndarray) -> "_Held":
        return _Held(self._array[rows])


def test_the_rows_of_a_fit_may_be_in_a_file(prepared: Prepared, tmp_path: Path) -> None:
    data, rows = prepared.data, np.arange(4)
    pictures = method().load_pictures(data.catalog, rows, data.recipe, tmp_path / "a.raw", silent)
    assert pictures.take(rows).shape == (4, SIZE, SIZE, 3)


def test_a_backbone_of_which_only_the_graph_is_known_is_refused(prepared: Prepared) -> None:
    data = replace(prepared.data, backbone=colour_backbone())
    with pytest.raises(UsageError, match="The backbone colour cannot be trained further") as caught:
        method().build_network(data, prepared.split, prepared.parts)
    assert "lite0" in str(caught.value.hint)
    assert "--method probe" in str(caught.value.hint)
