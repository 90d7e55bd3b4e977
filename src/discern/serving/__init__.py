"""HTTP server, web page and static-site export for trained models.

The HTTP server and its dependencies are in `discern.serving.web`.
"""
