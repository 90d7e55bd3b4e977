from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server_process import Bench
from tests.unit.training.factories import write_colours


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A bench that the tests of a module share."""
    return Bench.at(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def taught(bench: Bench) -> Any:
    """What came of training on the bench's photos."""
    return bench.work("train", bench.photos, "--name", "taught")


@pytest.fixture(scope="module")
def fresh(bench: Bench) -> Path:
    """Eight pictures of each colour that nobody trained on."""
    return write_colours(bench.folder / "fresh", each=8, seed=5)
