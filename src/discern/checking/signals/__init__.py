"""Measurements that several checks use."""
