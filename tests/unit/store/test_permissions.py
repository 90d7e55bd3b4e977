"""The cache holds small copies of the user's pictures: nobody else can read, plant or redirect them."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from discern.errors import StoreError
from discern.store import Shelf, private_folder, prune
from discern.store.permissions import require_private

pytestmark = pytest.mark.skipif(os.name != "posix", reason="file modes need POSIX")
needs_root = pytest.mark.skipif(getattr(os, "geteuid", int)() != 0, reason="only root can give files away")
CONTENT = "ab" * 32
SOMEBODY = 65_534


@contextmanager
def umask(mask: int) -> Iterator[None]:
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


def fill(cache: Path) -> Shelf:
    shelf = Shelf(cache, "thumbs", np.dtype(np.uint8), shape=(4,))
    shelf.put([CONTENT], np.ones((1, 4), np.uint8))
    return shelf


def modes(cache: Path) -> set[int]:
    return {stat.S_IMODE(path.lstat().st_mode) for path in (cache, *cache.rglob("*"))}


def loosen(cache: Path) -> None:
    """Set the modes that an earlier version left behind."""
    for path in (cache, *cache.rglob("*")):
        path.chmod(0o777 if path.is_dir() else 0o666)


@pytest.mark.parametrize("mask", [0, 0o022, 0o077, 0o277])
def test_what_is_new_is_the_user_s_alone(mask: int, tmp_path: Path) -> None:
    with umask(mask):
        fill(tmp_path / "cache")
        prune(tmp_path / "cache", keep_bytes=1e9)
    assert modes(tmp_path / "cache") == {0o700, 0o600}


@pytest.mark.parametrize("mask", [0, 0o022])
def test_folders_above_the_cache_follow_the_umask(mask: int, tmp_path: Path) -> None:
    with umask(mask):
        private_folder(tmp_path / "above" / "cache")
    assert stat.S_IMODE((tmp_path / "above").stat().st_mode) == 0o777 & ~mask


def test_what_an_earlier_version_left_open_is_closed(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "prune.lock").touch()
    loosen(tmp_path)
    (tmp_path / "prune.lock").chmod(0o600)
    shelf = Shelf(tmp_path, "thumbs", np.dtype(np.uint8), shape=(4,))
    assert modes(tmp_path) == {0o700, 0o600}
    assert shelf.rows([CONTENT])[0].tolist() == [1, 1, 1, 1]


def test_tables_of_other_names_are_closed_too(tmp_path: Path) -> None:
    fill(tmp_path)
    loosen(tmp_path)
    Shelf(tmp_path, "other", np.dtype(np.uint8))
    assert modes(tmp_path) == {0o700, 0o600}


def test_a_user_s_own_files_keep_their_modes(tmp_path: Path) -> None:
    fill(tmp_path)
    (tmp_path / "thesis.txt").touch()
    (tmp_path / "photos-0123456789ab").mkdir()
    loosen(tmp_path)
    fill(tmp_path)
    for name, mode in (("", 0o777), ("thesis.txt", 0o666), ("photos-0123456789ab", 0o777)):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    (table,) = tmp_path.glob("thumbs-*")
    assert modes(table) == {0o700, 0o600}


def test_links_among_the_files_lead_nowhere(tmp_path: Path) -> None:
    victim, cache = tmp_path / "victim", tmp_path / "cache"
    victim.write_text("mine")
    victim.chmod(0o644)
    folder = fill(cache).folder
    (folder / "planted.shelf").symlink_to(victim)
    folder.chmod(0o777)
    fill(cache)
    assert stat.S_IMODE(victim.stat().st_mode) == 0o644


def test_the_user_s_own_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "cache").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    fill(tmp_path / "cache")
    assert modes(tmp_path / "elsewhere") == {0o700, 0o600}


@needs_root
def test_a_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    fill(tmp_path / "cache")
    os.chown(tmp_path / "cache", SOMEBODY, SOMEBODY)
    with pytest.raises(StoreError, match=r"another user.*--cache"):
        fill(tmp_path / "cache")
    with pytest.raises(StoreError, match="another user"):
        prune(tmp_path / "cache", keep_bytes=0)


@needs_root
def test_a_table_of_another_user_is_refused(tmp_path: Path) -> None:
    shelf = fill(tmp_path)
    os.chown(shelf.folder, SOMEBODY, SOMEBODY)
    with pytest.raises(StoreError, match="another user"):
        fill(tmp_path)


@needs_root
@pytest.mark.parametrize("name", ["", "thumbs-0123456789ab"])
def test_another_user_s_link_is_refused(name: str, tmp_path: Path) -> None:
    mine, cache = tmp_path / "mine", tmp_path / "cache"
    mine.mkdir()
    if name:
        cache.mkdir()
    (cache / name).symlink_to(mine)
    os.lchown(cache / name, SOMEBODY, SOMEBODY)
    with pytest.raises(StoreError, match="link that another user created"):
        private_folder(cache, name)
    assert list(mine.iterdir()) == []


@needs_root
@pytest.mark.parametrize(("mode", "accepted"), [(0o755, True), (0o1777, False), (0o775, False)])
def test_a_user_may_read_a_cache_that_only_root_can_change(mode: int, accepted: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:  # not in `tmp_path`, which no other user can enter
        Path(folder).chmod(mode)
        os.seteuid(SOMEBODY)
        try:
            if accepted:
                require_private(Path(folder))
            else:
                with pytest.raises(StoreError, match="another user"):
                    require_private(Path(folder))
        finally:
            os.seteuid(0)
        assert stat.S_IMODE(Path(folder).stat().st_mode) == mode
