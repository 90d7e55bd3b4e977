"""Calls to Amazon Web Services, whose client library is imported when it is needed."""
