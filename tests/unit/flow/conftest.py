from pathlib import Path

import pytest

from discern.flow.train import TrainResult
from tests.unit.flow.workspace import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.at(tmp_path)


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A desk that several tests share, and none disorders."""
    return Desk.at(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="session")
def trained(office: Desk) -> TrainResult:
    """What came of training on the office's photos."""
    return office.train(office.photos, name="colours")
