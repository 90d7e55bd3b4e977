"""Monitoring of a served model: captured exchanges, drift, audits, new classes and the promise of the accept policy.

It keeps, measures and recommends; it decides nothing.
"""
