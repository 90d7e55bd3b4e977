"""Workflows of the commands: resumable steps that exchange files on disk, on one machine or a cluster."""
