"""One `answer` for every door: adds a queue, limits, keys and rates to a model; each door is an adapter.

The web doors, and what only they need, are in `discern.serving.web`.
"""

from discern.serving.batching import Answered, Batcher, Batching
from discern.serving.evidence import Place, Seen, see
from discern.serving.roster import Roster, Served

__all__ = ["Answered", "Batcher", "Batching", "Place", "Roster", "Seen", "Served", "see"]
