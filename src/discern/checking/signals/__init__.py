"""Measurements that checks are made of."""
