"""HTTP server, a FastAPI application that is run by uvicorn."""
