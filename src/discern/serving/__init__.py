"""HTTP server, page and static sites: limits, API keys and rate limits around `inference`.

The HTTP server and its dependencies are in `discern.serving.web`.
"""
