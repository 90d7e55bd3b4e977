"""Workspaces and a trained model for tests of the workflows."""

from pathlib import Path

import pytest

from discern.flow.train import TrainResult
from tests.unit.flow.workspace import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.at(tmp_path)


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A workspace shared by tests that do not change its photos."""
    return Desk.at(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def trained(office: Desk) -> TrainResult:
    """Result of training on the shared photos."""
    return office.train(office.photos, name="colours")
