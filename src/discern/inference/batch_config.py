"""Settings that control how a server batches images for inference."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class BatchConfig:
    """Settings that control how a server batches images for inference.

    Attributes:
        max_batch: pictures per run of the graph.
        max_wait: seconds that a decoded picture may wait for others that are being decoded; while nothing is being
            decoded, nothing waits.
        max_queue: pictures that may be queued or in progress; further ones are rejected.
        timeout: seconds after which a picture that is still queued is rejected.
        threads: threads that decode and run the graph; None: one per core.
        capture: also return each picture's embedding, bytes and statistics, to keep the exchange.
    """

    max_batch: int = 4
    max_wait: float = 0.0
    max_queue: int = 128
    timeout: float = 30.0
    threads: int | None = None
    capture: bool = False
