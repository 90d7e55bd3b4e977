"""Workflows of the commands: resumable steps joined through files on disk; here, or on a cluster."""
