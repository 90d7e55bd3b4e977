"""`discern show`, `verify`, `doctor` and `cache`: what is known, whether it holds, and what is kept."""

import json
from pathlib import Path

import pytest

from discern.bundle import load
from discern.errors import BundleError, StoreError, UsageError
from discern.flow.cache import cache
from discern.flow.doctor import doctor
from discern.flow.show import show
from discern.flow.train import TrainResult
from discern.flow.verify import verify
from tests.unit.flow.workspace import Desk


class TestShow:
    def test_everything_is_plain_and_there(self, trained: TrainResult) -> None:
        shown = show(trained.bundle)
        assert json.loads(json.dumps(shown, allow_nan=False)) == shown
        assert shown["labels"] == ["blue", "green", "red"]
        assert shown["metrics"]["accuracy"] == trained.accuracy
        assert (shown["path"], shown["seen"]) == (str(trained.bundle), 36)
        assert shown["fingerprint"] == load(trained.bundle).fingerprint

    def test_nothing_is_there(self, tmp_path: Path) -> None:
        with pytest.raises(BundleError, match="discern train"):
            show(tmp_path / "none.discern")


class TestVerify:
    def test_a_whole_bundle_passes(self, trained: TrainResult) -> None:
        found = verify(trained.bundle)
        assert found.passed
        assert (found.why, found.fingerprint) == ("", load(trained.bundle).fingerprint)
        assert found.worst_difference is not None
        assert found.worst_difference < 1e-4

    @pytest.mark.parametrize("change", [str.lower, str.upper, lambda text: f" {text}\n"])
    def test_its_own_fingerprint_may_be_written_in_any_way(self, trained: TrainResult, change) -> None:
        assert verify(trained.bundle, fingerprint=change(load(trained.bundle).fingerprint)).passed

    def test_another_fingerprint_is_another_bundle(self, trained: TrainResult) -> None:
        found = verify(trained.bundle, fingerprint="0" * 64)
        assert not found.passed
        assert "another bundle" in found.why
        assert found.fingerprint == load(trained.bundle).fingerprint

    @pytest.mark.parametrize("text", ["", "abc", "g" * 64, "0" * 63, "0" * 65])
    def test_what_is_no_fingerprint_is_refused(self, trained: TrainResult, text: str) -> None:
        with pytest.raises(UsageError, match="no fingerprint"):
            verify(trained.bundle, fingerprint=text)

    def test_damage_is_told_and_not_raised(self, trained: TrainResult, tmp_path: Path) -> None:
        path = tmp_path / "cut.discern"
        path.write_bytes(trained.bundle.read_bytes()[:-10])
        found = verify(path)
        assert (found.passed, found.fingerprint, found.worst_difference) == (False, None, None)
        assert str(path) in found.why

    def test_a_file_that_is_not_there_cannot_be_verified(self, tmp_path: Path) -> None:
        with pytest.raises(BundleError, match="no bundle"):
            verify(tmp_path / "none.discern")


class TestDoctor:
    def test_a_well_machine(self, tmp_path: Path) -> None:
        found = doctor(cache=tmp_path / "new" / "cache")
        assert found.passed
        assert [each.name for each in found.diagnoses] == [
            "python", "libraries", "telemetry", "picture formats", "backbone", "cache",
        ]  # fmt: skip
        assert not [each.hint for each in found.diagnoses if each.hint]
        assert list((tmp_path / "new" / "cache").iterdir()) == []

    def test_a_cache_that_is_a_file_is_the_one_fault(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("mine")
        found = doctor(cache=tmp_path / "file")
        assert not found.passed
        (bad,) = [each for each in found.diagnoses if not each.passed]
        assert bad.name == "cache"
        assert "--cache" in bad.hint
        assert json.loads(json.dumps(found.to_json()))["passed"] is False


class TestCache:
    def test_what_training_kept_is_told(self, office: Desk, trained: TrainResult) -> None:
        told = cache(folder=office.cache).to_json()
        names = [shelf["name"] for shelf in told["shelves"]]
        assert all(any(name.startswith(kind) for name in names) for kind in ("facts-", "features-", "thumbs-"))
        assert told["bytes"] == sum(shelf["bytes"] for shelf in told["shelves"]) > 0
        assert told["freed"] == 0

    def test_a_folder_that_is_not_there_holds_nothing_and_is_not_made(self, tmp_path: Path) -> None:
        told = cache(folder=tmp_path / "none")
        assert (told.shelves, told.freed) == ([], 0)
        assert cache(folder=tmp_path / "none", prune_to=0).freed == 0
        assert not (tmp_path / "none").exists()

    @pytest.mark.parametrize(("keep", "all_gone"), [(0, True), (-1, True), (float("inf"), False), (1e300, False)])
    def test_any_number_of_bytes_may_be_kept(self, desk: Desk, keep: float, all_gone: bool) -> None:
        desk.check(desk.some("few", blue=2))
        told = cache(folder=desk.cache, prune_to=keep)
        assert (told.to_json()["bytes"] == 0) == (told.freed > 0) == all_gone

    def test_a_users_own_files_are_never_pruned(self, desk: Desk) -> None:
        desk.check(desk.some("few", blue=2))
        (desk.cache / "thesis.txt").write_text("mine")
        (desk.cache / "photos-2024").mkdir()
        (desk.cache / "photos-2024" / "a.shelf").write_text("mine")
        cache(folder=desk.cache, prune_to=0)
        assert (desk.cache / "thesis.txt").exists()
        assert (desk.cache / "photos-2024" / "a.shelf").exists()

    def test_what_a_browser_runs_is_listed_and_goes_last(self, desk: Desk) -> None:
        desk.check(desk.some("few", blue=2))
        computed = cache(folder=desk.cache).to_json()["bytes"]
        engine, half = desk.cache / "engines" / "engine-1.0.tgz", desk.cache / "engines" / "fetching" / "engine-1.0.tgz"
        half.parent.mkdir(parents=True)
        engine.write_bytes(bytes(700))
        half.write_bytes(bytes(300))
        told = cache(folder=desk.cache).to_json()
        assert told["shelves"][-1] == {"name": "engines", "rows": 2, "bytes": 1000}
        assert told["bytes"] == computed + 1000
        assert cache(folder=desk.cache, prune_to=computed + 1000).freed == 0
        kept = cache(folder=desk.cache, prune_to=1000)
        assert (kept.freed, kept.to_json()["bytes"], engine.exists()) == (computed, 1000, True)
        assert cache(folder=desk.cache, prune_to=999).freed == 1000
        assert not engine.exists()
        assert not half.exists()

    def test_a_file_is_no_cache(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("mine")
        with pytest.raises(StoreError, match="--cache"):
            cache(folder=tmp_path / "file", prune_to=0)
        assert (tmp_path / "file").read_text() == "mine"
