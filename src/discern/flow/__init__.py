"""Workflows behind the commands, as resumable steps that exchange files on disk."""
