"""Capture of exchanges: a spool on the local disk, and its transfer into a store."""
