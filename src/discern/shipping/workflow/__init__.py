"""Workflows in AWS Step Functions that classify pictures and route the answers."""
