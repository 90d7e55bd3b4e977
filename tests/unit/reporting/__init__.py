"""The reporting room's tests."""
