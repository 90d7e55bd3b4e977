"""FastAPI application that serves image classifiers over HTTP with uvicorn."""
