from pathlib import Path
from typing import Any

import pytest

from tests.e2e.server_process import Workspace
from tests.unit.training.factories import write_colours


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace shared by all tests that do not define their own."""
    return Workspace.at(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def trained(workspace: Workspace) -> Any:
    """Result of training on the photos, as JSON."""
    return workspace.work("train", workspace.photos, "--name", "trained")


@pytest.fixture(scope="session")
def fresh(workspace: Workspace) -> Path:
    """Eight pictures of each colour that were not used in training."""
    return write_colours(workspace.folder / "fresh", each=8, seed=5)
