"""Object storage: verified, resumable transfers between folders and buckets, and local copies of what lies there."""
