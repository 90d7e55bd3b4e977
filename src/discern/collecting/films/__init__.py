"""Collection of frames from films."""
