"""Captured answers of an endpoint, listed and plotted (`discern captured`)."""
