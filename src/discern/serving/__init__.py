"""One `answer` for every door: adds a queue, limits, keys and rates to a model; each door is an adapter.

The web doors, and what only they need, are in `discern.serving.web`.
"""
