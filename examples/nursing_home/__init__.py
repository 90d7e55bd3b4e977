"""Objects in the rooms of a nursing home: a published system, run whole with Discern."""
