"""Deployment to clouds and containers: plans, packages, templates and their cost."""
