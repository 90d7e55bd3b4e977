"""Monitoring of a served model: captured exchanges, drift, audits, new classes and the accept policy's promise.

It keeps, measures and recommends; it decides nothing.
"""
