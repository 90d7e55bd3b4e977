"""Sink that keeps exchanges in a spool, from which they are moved to a store."""

import time
from collections.abc import Sequence

from discern.inference.exchange import Exchange, Feedback
from discern.inference.exchange_record import encode_exchange, encode_feedback
from discern.watching.captures.capture_config import CaptureConfig
from discern.watching.captures.sampling_rate import sampling_rate
from discern.watching.captures.spool import Spool
from discern.watching.captures.spool_transfer import CLOSE_SECONDS, WAKE_RECORDS, SpoolTransfer


class SpoolSink:
    """Sink that keeps exchanges in a spool, from which they are moved to a store.

    What it has acknowledged reaches the store even if the process is killed, by another process or at the next start.

    Args:
        config: settings of the capture.
        transfers: move what waits to the store in the background; False leaves that to other processes.
        close_seconds: longest time that closing waits until what is left has been moved, which is otherwise done by
            another process or at the next start.
    """

    def __init__(self, config: CaptureConfig, *, transfers: bool = True, close_seconds: float = CLOSE_SECONDS) -> None:
        self._config = config
        self._spool = Spool(config.spool_folder, max_bytes=config.max_spool, clock=time.time)
        self._transfer = SpoolTransfer(config, self._spool, close_seconds=close_seconds) if transfers else None

    @property
    def keeps_pictures(self) -> bool:
        """Return True if pictures are kept, and not only their embeddings and hashes."""
        return self._config.keep_pictures

    @property
    def lost(self) -> int:
        """Return the number of exchanges and feedback that could not be kept, since this sink was opened."""
        return self._spool.lost

    @property
    def problem(self) -> str | None:
        """Return why the store could not be written the last time, or None."""
        return self._transfer.problem if self._transfer else None

    def sampling(self, exchange_id: str, decision: str) -> float:
        """Return the probability with which an exchange is kept, or 0 if this one is not kept."""
        return sampling_rate(self._config.sample, exchange_id, decision)

    def keep(self, exchanges: Sequence[Exchange]) -> int:
        """Append exchanges with one write before their response is sent, and return how many were kept."""
        return self._append([encode_exchange(each, seal=self._spool.seal) for each in exchanges])

    def keep_feedback(self, feedback: Feedback) -> bool:
        """Append feedback, and return True if it was kept."""
        return self._append([encode_feedback(feedback, seal=self._spool.seal)]) == 1

    def close(self) -> None:
        """Pass on what is still waiting, and close."""
        self._spool.close()
        if self._transfer:
            self._transfer.close()

    def _append(self, records: Sequence[bytes]) -> int:
        kept = self._spool.append(records)
        if self._transfer and self._spool.waiting >= WAKE_RECORDS:
            self._transfer.wake()
        return kept
