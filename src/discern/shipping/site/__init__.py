"""Deployment of the page as a static site: files with their headers, and templates for AWS."""
