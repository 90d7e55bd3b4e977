"""Files for continuous integration of a user's own model."""
