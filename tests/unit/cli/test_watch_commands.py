"""The commands watch, forget and captured print JSON or lines, and end with the status that was asked for."""

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

import discern
from discern.cli.app import app
from discern.errors import StoreError, UsageError
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import RED
from tests.unit.watching.looking.factories import make_reference, traffic, write_model

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_model(tmp_path_factory.mktemp("model"), reference=make_reference())


@pytest.fixture
def store(tmp_path: Path, bundle: Path) -> Path:
    model = discern.load(bundle)
    with closing(open_store(tmp_path / "store", create=True)) as opened:
        opened.add([*traffic(model, 100), *traffic(model, 100, first=100, picture=RED, brightness=-3)])
    return tmp_path / "store"


def call(*words: str | Path) -> Result:
    return RUNNER.invoke(app, [str(word) for word in words])


def test_strict_ends_with_status_1_on_an_alarm_alone(store: Path, bundle: Path) -> None:
    plain = call("watch", store, "--against", bundle)
    assert plain.exit_code == 0
    assert "ALARM brightness" in plain.output
    assert call("watch", store, "--against", bundle, "--strict").exit_code == 1
    assert call("watch", store, "--against", bundle, "--strict", "--since", "2030-01-01").exit_code == 0


def test_json_is_one_object(store: Path, bundle: Path) -> None:
    value = json.loads(call("watch", store, "--against", bundle, "--json").stdout)
    assert value["exchanges"] == 200
    assert value["alarms"][0]["kind"] == "brightness"


def test_an_alarm_that_was_not_sent_is_a_hint(store: Path, bundle: Path) -> None:
    result = call("watch", store, "--against", bundle, "--json", "--on-alarm", "/nowhere/at-all")
    assert result.exit_code == 0
    assert "cannot be started" in result.stderr
    assert "cannot be started" in json.loads(result.stdout)["alerts"][0]


def test_an_exchange_is_forgotten(store: Path) -> None:
    result = call("forget", f"{7:032x}", "--store", store, "--json")
    assert json.loads(result.stdout)["exchanges"] == 1
    again = call("forget", f"{7:032x}", "--store", store)
    assert isinstance(again.exception, StoreError)


def test_captured_writes_and_reads_lines(store: Path, tmp_path: Path) -> None:
    written = call("captured", store, "--lines", tmp_path / "lines")
    assert "200 exchanges in 4 files, 100 of them without a picture" in written.output
    read = call("captured", tmp_path / "lines", "--store", tmp_path / "two", "--json")
    assert json.loads(read.stdout)["stored"] == 200
    assert "new in the store: 0" in call("captured", tmp_path / "lines", "--store", tmp_path / "two").output


@pytest.mark.parametrize(
    "words",
    [
        ("--store", "a", "--lines", "b"),
        ("--store", "a", "--out", "b.html"),
        ("--lines", "a", "--threshold", ".9"),
        ("--lines", "a", "--bundle", "b"),
    ],
)
def test_options_without_effect_are_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    refused = call("captured", tmp_path, *words)
    assert isinstance(refused.exception, UsageError)
    assert "has no effect" in str(refused.exception)
