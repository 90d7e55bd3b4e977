"""Leak-free train, validation and test splits, with a proof that the parts share nothing.

`make_split` chooses a test part or cross-validation; `random_split` ignores groups, to show how much that overstates
accuracy; `prove` checks a split independently; `write_parts` writes folders and lists for other tools.
"""

from discern.splitting.proof import prove
from discern.splitting.split import PARTS, TEST, Split, SplitConfig
from discern.splitting.split_plan import cross_split, make_split, random_split
from discern.splitting.write_parts import write_parts

__all__ = ["PARTS", "TEST", "Split", "SplitConfig", "cross_split", "make_split", "prove", "random_split", "write_parts"]
