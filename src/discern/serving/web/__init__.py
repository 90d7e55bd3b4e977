"""FastAPI application and its uvicorn server."""
