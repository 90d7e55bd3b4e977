"""Joins acts through files on disk, each step resumable; here, or on a cluster."""
