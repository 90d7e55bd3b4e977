"""HTTP server: an ASGI application on FastAPI, run by uvicorn."""
