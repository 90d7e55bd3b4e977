"""Results of looks at captured exchanges, as values that every reader of them shares."""
