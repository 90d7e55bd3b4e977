"""Many fruits from a lock to a watched server."""
