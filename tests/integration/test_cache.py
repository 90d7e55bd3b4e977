"""`discern cache`: sizes, pruning, and files of others that are never deleted."""

import os
from pathlib import Path

import pytest

from discern.buckets.bucket_address import BucketAddress
from discern.buckets.mirror import mirror
from discern.errors import StoreError
from discern.flow.cache import cache
from discern.flow.train import TrainResult
from tests.integration.workspace import Workspace
from tests.unit.buckets.memory_store import MemoryStore


def test_what_training_cached_is_listed(shared_workspace: Workspace, trained: TrainResult) -> None:
    found = cache(folder=shared_workspace.cache).to_json()
    names = [shelf["name"] for shelf in found["shelves"]]
    assert all(any(name.startswith(kind) for name in names) for kind in ("facts-", "features-", "thumbs-"))
    assert found["bytes"] == sum(shelf["bytes"] for shelf in found["shelves"]) > 0
    assert found["freed"] == 0


def test_a_missing_folder_is_empty_and_not_created(tmp_path: Path) -> None:
    found = cache(folder=tmp_path / "none")
    assert (found.shelves, found.freed) == ([], 0)
    assert cache(folder=tmp_path / "none", prune_to=0).freed == 0
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(("keep", "emptied"), [(0, True), (-1, True), (float("inf"), False), (1e300, False)])
def test_any_number_of_bytes_may_be_kept(workspace: Workspace, keep: float, emptied: bool) -> None:
    workspace.check(workspace.some("few", blue=2))
    found = cache(folder=workspace.cache, prune_to=keep)
    assert (found.to_json()["bytes"] == 0) == (found.freed > 0) == emptied


def test_a_user_s_own_files_are_never_pruned(workspace: Workspace) -> None:
    workspace.check(workspace.some("few", blue=2))
    (workspace.cache / "thesis.txt").write_text("mine")
    (workspace.cache / "photos-2024").mkdir()
    (workspace.cache / "photos-2024" / "a.shelf").write_text("mine")
    cache(folder=workspace.cache, prune_to=0)
    assert (workspace.cache / "thesis.txt").exists()
    assert (workspace.cache / "photos-2024" / "a.shelf").exists()


def test_browser_engines_are_listed_and_deleted_last(workspace: Workspace) -> None:
    workspace.check(workspace.some("few", blue=2))
    computed = cache(folder=workspace.cache).to_json()["bytes"]
    engine, half = (
        workspace.cache / "engines" / "engine-1.0.tgz",
        workspace.cache / "engines" / "fetching" / "engine-1.0.tgz",
    )
    half.parent.mkdir(parents=True)
    engine.write_bytes(bytes(700))
    half.write_bytes(bytes(300))
    found = cache(folder=workspace.cache).to_json()
    assert found["shelves"][-1] == {"name": "engines", "rows": 2, "bytes": 1000}
    assert found["bytes"] == computed + 1000
    assert cache(folder=workspace.cache, prune_to=computed + 1000).freed == 0
    pruned = cache(folder=workspace.cache, prune_to=1000)
    assert (pruned.freed, pruned.to_json()["bytes"], engine.exists()) == (computed, 1000, True)
    assert cache(folder=workspace.cache, prune_to=999).freed == 1000
    assert not engine.exists()
    assert not half.exists()


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(StoreError, match="--cache"):
        cache(folder=tmp_path / "file", prune_to=0)
    assert (tmp_path / "file").read_text() == "mine"


def test_copies_of_buckets_are_listed_and_removed(tmp_path: Path) -> None:
    store = MemoryStore()
    store.objects.update({"p/1.jpg": b"one", "p/2.jpg": b"two", "q/3.jpg": b"three"})
    former = mirror(BucketAddress("b", "q"), cache=tmp_path, store=store)
    os.utime(former.parent, (0, 0))
    mirrored = mirror(BucketAddress("b", "p"), cache=tmp_path, store=store)
    [section] = cache(folder=tmp_path).shelves
    assert (section["name"], section["rows"]) == ("buckets", 2)
    assert cache(folder=tmp_path, prune_to=section["bytes"] - 1).freed > 0
    assert (former.exists(), mirrored.exists()) == (False, True)
    cache(folder=tmp_path, prune_to=0)
    assert not mirrored.exists()
