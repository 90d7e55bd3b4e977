"""The last exchanges are remembered, and no more of them."""

import numpy as np

from discern.watching.drift.recent_exchanges import MOST, RecentExchanges


def add(recent: RecentExchanges, start: int, count: int) -> None:
    index = np.arange(start, start + count)
    recent.add(
        [str(each) for each in index],
        index=index,
        time=60.0 * index,
        values=np.tile(index[:, None], (1, 6)),
        extremes=np.zeros((count, 7)),
        projected=np.ones((count, 4)),
    )


def test_the_oldest_are_forgotten() -> None:
    recent = RecentExchanges(6, 4)
    add(recent, 0, 300)
    add(recent, 300, 300)
    assert recent.ids == [str(each) for each in range(600 - MOST, 600)]
    assert recent.index.tolist() == list(range(600 - MOST, 600))
    assert recent.values.shape == (MOST, 6)
    assert recent.values.dtype == np.float32
    assert recent.values[-1, 0] == 599


def test_what_was_kept_is_restored() -> None:
    recent, again = RecentExchanges(6, 4), RecentExchanges(6, 4)
    add(recent, 0, 10)
    again.restore(recent.ids, recent.arrays())
    add(again, 10, 1)
    assert again.ids == [str(each) for each in range(11)]
    assert again.time[-1] == 600.0
