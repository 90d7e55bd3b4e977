"""The recorder of a configuration, and what is checked before the server starts."""

import asyncio
import logging
from pathlib import Path

import pytest

from discern.errors import StoreError, UsageError
from discern.inference.model_registry import ModelRegistry
from discern.serving.web.open_recorder import open_recorder, prepare_capture
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.stores.open_exchanges import open_store
from tests.unit.inference.factories import make_exchange

NOBODY = "postgresql://me:secret@127.0.0.1:1/kept?connect_timeout=2"


def test_the_spool_and_the_store_are_created_for_their_user_alone(tmp_path: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "a/kept"))
    prepare_capture(config)
    prepare_capture(config)
    assert (tmp_path / "a/kept/spool").stat().st_mode & 0o777 == 0o700
    open_store(tmp_path / "a/kept").close()


def test_what_a_recorder_keeps_reaches_the_store(tmp_path: Path, bundle: Path) -> None:
    config = CaptureConfig(store=str(tmp_path / "kept"))
    recorder = open_recorder(config, ModelRegistry([bundle]))
    recorder.open()
    assert recorder.sink is not None
    recorder.sink.keep([make_exchange()])
    assert recorder.waiting_bytes() > 0
    asyncio.run(recorder.close())
    assert recorder.waiting_bytes() == 0
    store = open_store(tmp_path / "kept")
    assert store.has(make_exchange().id)
    store.close()


def test_a_database_that_is_down_is_logged(tmp_path: Path, logged: pytest.LogCaptureFixture) -> None:
    with logged.at_level(logging.WARNING):
        prepare_capture(CaptureConfig(store=NOBODY, spool=tmp_path / "spool", pictures=str(tmp_path / "pictures")))
    assert "exchanges wait in the spool" in logged.text
    assert "secret" not in logged.text


def test_a_store_that_will_never_work_is_refused(tmp_path: Path) -> None:
    (tmp_path / "exchanges.sqlite").write_text("something else " * 100)
    with pytest.raises(StoreError, match="is not a store"):
        prepare_capture(CaptureConfig(store=str(tmp_path)))


def test_a_spool_that_cannot_be_created_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match=r"The spool folder .* cannot be created") as rejected:
        prepare_capture(CaptureConfig(store=str(tmp_path / "kept"), spool=tmp_path / "file/spool"))
    assert "--capture-spool" in rejected.value.hint
