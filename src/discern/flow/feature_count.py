"""Count of the pictures whose features were computed, and of those that came from the cache."""

from discern.progress import Progress


class FeatureCount:
    """Progress callback that counts the pictures whose features were in the cache.

    Args:
        progress: callback that it passes everything on to.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._pictures = 0
        self._cached: int | None = None

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Take note of the first call, which comes before any picture is computed."""
        if self._cached is None:
            self._pictures, self._cached = total or 0, done
        self._progress(stage, done, total)

    def to_json(self) -> dict[str, int]:
        """Return the number of `pictures`, and of those that were `cached`, in JSON-ready values."""
        return {"pictures": self._pictures, "cached": self._cached or 0}
