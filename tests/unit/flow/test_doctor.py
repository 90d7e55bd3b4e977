"""`discern doctor`: a working machine passes, and a problem is named with its remedy."""

import json
from pathlib import Path

from discern.flow.doctor import doctor


def test_a_working_machine_passes(tmp_path: Path) -> None:
    found = doctor(cache=tmp_path / "new" / "cache")
    assert found.passed
    assert [each.name for each in found.diagnoses] == [
        "python", "libraries", "telemetry", "picture formats", "backbone",
        "server and client", "cache",
    ]  # fmt: skip
    assert not [each.hint for each in found.diagnoses if each.hint]
    assert list((tmp_path / "new" / "cache").iterdir()) == []


def test_a_cache_that_is_a_file_is_the_only_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    found = doctor(cache=tmp_path / "file")
    assert not found.passed
    (failed,) = [each for each in found.diagnoses if not each.passed]
    assert failed.name == "cache"
    assert "--cache" in failed.hint
    assert json.loads(json.dumps(found.to_json()))["passed"] is False
