"""Split of a data set for work that needs a test part which nothing is chosen on."""

from discern.splitting import SplitConfig

# Shares of a small data set, whose test part would otherwise hold too few pictures to tell anything. Not tuned.
_SMALL_PARTS = (0.6, 0.2, 0.2)


def split_with_test_part(pictures: int, *, seed: int) -> SplitConfig:
    """Return the settings of a split that draws a test part from data sets of any size, unless one is given.

    Args:
        pictures: number of readable pictures.
        seed: random seed.
    """
    config = SplitConfig(seed=seed, draw_test=True)
    if pictures >= config.small:
        return config
    return SplitConfig(seed=seed, draw_test=True, parts=_SMALL_PARTS)
