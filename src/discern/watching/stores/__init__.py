"""Storage of captured exchanges in SQLite or PostgreSQL, with their pictures as files or in a bucket."""
