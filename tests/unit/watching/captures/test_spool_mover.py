"""Mover: everything arrives once, whatever fails in between, and nothing blocks what follows."""

from pathlib import Path

import pytest

from discern.errors import StoreError
from discern.inference.exchange_record import encode_exchange, encode_feedback
from discern.picture import Limits
from discern.picture.picture_facts import hash_file
from discern.watching.captures.spool import Spool
from discern.watching.captures.spool_mover import MAX_BATCH, Moved, SpoolMover
from discern.watching.captures.spool_segment import list_segments
from tests.unit.full_disk import full_disk
from tests.unit.inference.factories import RED, make_exchange, make_feedback, same_exchange
from tests.unit.watching.captures.stores import MemoryStore


def write(spool: Spool, *numbers: int, **changes: object) -> None:
    records = [encode_exchange(make_exchange(each, **changes), seal=spool.seal) for each in numbers]
    assert spool.append(records) == len(numbers)


def stored(store: MemoryStore) -> list[int]:
    return [int(each, 16) for each in store.exchanges]


def test_only_finished_segments_are_moved(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    mover = SpoolMover(tmp_path, store)
    write(spool, 1, 2)
    assert mover.move() == Moved()
    spool.rotate()
    write(spool, 3)
    assert mover.move() == Moved(segments=1, exchanges=2)
    assert len(list_segments(tmp_path)) == 1
    spool.close()
    assert mover.move() == Moved(segments=1, exchanges=1)
    assert stored(store) == [1, 2, 3]
    assert list_segments(tmp_path) == []
    assert mover.move() == Moved()


def test_an_exchange_arrives_as_it_was_kept_with_the_hash_of_its_pixels(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, 1)
    write(spool, 2, pixels="cd" * 32)
    write(spool, 3, picture=b"damaged")
    write(spool, 4, picture=None)
    spool.close()
    SpoolMover(tmp_path, store).move()
    found = list(store.exchanges.values())
    assert [each.pixels for each in found] == [hash_file(RED, Limits()), "cd" * 32, "", ""]
    assert same_exchange(found[1], make_exchange(2, pixels="cd" * 32))


def test_pixels_are_left_out_in_a_hurry(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, 1)
    spool.close()
    SpoolMover(tmp_path, store).move(with_pixels=False)
    assert [each.pixels for each in store.exchanges.values()] == [""]


def test_feedback_and_losses_are_moved_too(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    with full_disk():
        spool.append([b"lost", b"as well"])
    spool.append([encode_feedback(make_feedback(1), seal=spool.seal)])
    spool.close()
    assert SpoolMover(tmp_path, store).move() == Moved(segments=1, feedback=1, lost=2)
    assert (store.given, store.lost) == ([make_feedback(1)], 2)


def test_a_store_that_is_down_leaves_all_in_the_spool(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, 1, 2)
    spool.close()
    store.down = True
    for _ in range(3):
        with pytest.raises(OSError, match="down"):
            SpoolMover(tmp_path, store).move()
    store.down = False
    assert SpoolMover(tmp_path, store).move().exchanges == 2
    assert (stored(store), store.lost) == ([1, 2], 0)


def test_a_store_that_goes_down_in_the_middle_has_each_exchange_once_in_the_end(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, *range(2 * MAX_BATCH + 10), picture=None)
    spool.close()
    store.fail_after = 1
    with pytest.raises(OSError, match="went down"):
        SpoolMover(tmp_path, store).move()
    store.fail_after = None
    assert SpoolMover(tmp_path, store).move().exchanges == MAX_BATCH + 10
    assert stored(store) == list(range(2 * MAX_BATCH + 10))
    assert max(store.calls) == MAX_BATCH


def test_what_the_store_does_not_accept_is_counted_and_blocks_nothing(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, 1, 2, 3)
    spool.close()
    store.rejected = {f"{2:032x}"}
    assert SpoolMover(tmp_path, store).move() == Moved(segments=1, exchanges=2, lost=1)
    assert (stored(store), store.lost) == ([1, 3], 1)
    assert list_segments(tmp_path) == []


def test_a_disk_that_is_nearly_full_loses_nothing(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, 1, 2)
    spool.close()
    store.too_large = {f"{2:032x}"}
    with pytest.raises(StoreError, match="disk is full"):
        SpoolMover(tmp_path, store).move()
    store.too_large.clear()
    SpoolMover(tmp_path, store).move()
    assert (stored(store), store.lost) == ([1, 2], 0)


def test_a_torn_segment_of_a_dead_process_is_read_up_to_the_tear(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, 1, 2)
    spool.close()
    [path] = list_segments(tmp_path)
    path.write_bytes(path.read_bytes()[:-7])
    assert SpoolMover(tmp_path, store).move() == Moved(segments=1, exchanges=1, lost=1)
    assert store.lost == 1


def test_a_second_move_of_the_same_segment_doubles_nothing(tmp_path: Path) -> None:
    spool, store = Spool(tmp_path), MemoryStore()
    write(spool, 1, 2)
    spool.close()
    [path] = list_segments(tmp_path)
    content = path.read_bytes()
    SpoolMover(tmp_path, store).move()
    path.write_bytes(content)  # as if the process had been killed before the removal
    assert SpoolMover(tmp_path, store).move() == Moved(segments=1)
    assert stored(store) == [1, 2]


def test_segments_that_are_still_written_do_not_count_towards_the_most(tmp_path: Path) -> None:
    spools, store = [Spool(tmp_path) for _ in range(4)], MemoryStore()
    for number, spool in enumerate(spools):
        write(spool, number)
    spools[3].close()
    assert SpoolMover(tmp_path, store).move(most=1).segments == 1
    assert stored(store) == [3]
    for spool in spools[:3]:
        spool.close()
    assert SpoolMover(tmp_path, store).move(most=2).segments == 2
