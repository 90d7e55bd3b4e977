"""Parts that share no picture, near-copy or group, and the proof of it.

`make_split` decides who is learned from and who is judged; `random_split` makes the split that ignores groups, to show
what that hides; `prove` counts and measures again; `write_parts` writes folders and lists for other tools.
"""

from discern.splitting.proof import prove
from discern.splitting.split import PARTS, TEST, Split, SplitConfig
from discern.splitting.split_plan import cross_split, make_split, random_split
from discern.splitting.write_parts import write_parts

__all__ = ["PARTS", "TEST", "Split", "SplitConfig", "cross_split", "make_split", "prove", "random_split", "write_parts"]
