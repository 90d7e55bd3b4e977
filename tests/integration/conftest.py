"""Fixtures of the integration tests: workspaces and a trained model."""

from pathlib import Path

import pytest

from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.at(tmp_path)


@pytest.fixture(scope="session")
def shared_workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace shared by tests that do not change its photos."""
    return Workspace.at(tmp_path_factory.mktemp("shared"))


@pytest.fixture(scope="session")
def trained(shared_workspace: Workspace) -> TrainResult:
    """Result of training on the shared photos."""
    return shared_workspace.train(shared_workspace.photos, name="colours")
