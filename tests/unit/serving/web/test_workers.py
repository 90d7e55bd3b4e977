"""What workers tell each other."""

from pathlib import Path

import pytest

from discern.serving.web.workers import SHARED, ReloadCall


def test_a_call_is_heard_once_by_all_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SHARED, str(tmp_path))
    one, two, three = ReloadCall(), ReloadCall(), ReloadCall()
    one.make()
    assert [each.is_heard() for each in (one, two, three)] == [False, True, True]
    assert [each.is_heard() for each in (one, two, three)] == [False, False, False]
    one.make()
    two.make()
    assert [each.is_heard() for each in (one, two, three)] == [True, True, True]
    assert not ReloadCall().is_heard()  # who comes later has read what there is


def test_one_worker_calls_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SHARED, raising=False)
    monkeypatch.chdir(tmp_path)
    alone = ReloadCall()
    alone.make()
    assert not alone.is_heard()
    assert list(tmp_path.iterdir()) == []
