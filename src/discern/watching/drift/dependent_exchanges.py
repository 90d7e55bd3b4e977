"""Search for exchanges that repeat an earlier one: the same picture again, or a burst of pictures of one thing."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

import numpy as np

from discern.bundle.reference_pictures import project
from discern.watching.stores.exchange_store import ExchangeColumns

# Not tuned. A probe that sends the same picture every minute is remembered for as long as it does so.
_PICTURES, _CLIENTS, _RECENT = 4096, 256, 8
_FILM_SECONDS, _FILM_DISTANCE = 10.0, 0.02
_BURST_SECONDS, _BURST_SPREADS = 2.0, 1 / 3
_DIMENSIONS, _HASH_DIGITS = 64, 16
_DEFAULT_SPREAD = 0.2


class DependentExchanges:
    """Finder of exchanges that depend on earlier ones, of which one bet is enough.

    A picture that was sent before, and one within 10 seconds of a near-copy or 2 seconds of a similar one by the same
    client, belong to the group of the earlier one. Pictures of a client that do not look alike stay independent,
    however fast they come.

    Args:
        spread: median cosine distance within a class; a third of it is similar. NaN for a default.

    Attributes:
        count: number of groups so far.
    """

    def __init__(self, spread: float) -> None:
        self._similar = _BURST_SPREADS * (_DEFAULT_SPREAD if np.isnan(spread) else spread)
        self.count = 0
        self._pictures: OrderedDict[str, int] = OrderedDict()
        self._clients: OrderedDict[str, list[tuple[float, np.ndarray, int]]] = OrderedDict()

    def find(self, columns: ExchangeColumns) -> np.ndarray:
        """Return the group of each exchange, int64 `[n]`, numbered upwards in the order of their first exchanges."""
        looks = np.round(_describe(columns).astype(np.float64), 4)  # as in the kept state
        groups = np.empty(len(columns), np.int64)
        for at, (client, picture, pixels, time) in enumerate(
            zip(columns.client, columns.content, columns.pixels, columns.time.tolist(), strict=True)
        ):
            key = str(pixels or picture)[-_HASH_DIGITS:]
            group = self._pictures.get(key) if key else None
            if group is None:
                group = self._find_similar(str(client), time, looks[at])
            if group is None:
                group = self.count
                self.count += 1
            groups[at] = group
            self._remember(key, str(client), time, looks[at], group)
        return groups

    def to_json(self) -> dict[str, Any]:
        """Return what is remembered as a JSON-serialisable dictionary."""
        return {
            "groups": self.count,
            "pictures": list(self._pictures.items()),
            "clients": [
                [client, [[time, look.tolist(), group] for time, look, group in recent]]
                for client, recent in self._clients.items()
            ],
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `to_json` returned."""
        self.count = int(state["groups"])
        self._pictures = OrderedDict((str(key), int(group)) for key, group in state["pictures"])
        self._clients = OrderedDict(
            (str(client), [(float(time), np.array(look), int(group)) for time, look, group in recent])
            for client, recent in state["clients"]
        )

    def _find_similar(self, client: str, time: float, look: np.ndarray) -> int | None:
        recent = [each for each in self._clients.get(client, ()) if abs(time - each[0]) <= _FILM_SECONDS]
        recent = [each for each in recent if len(each[1]) == len(look)]
        if not recent:
            return None
        distances = 1 - np.array([each[1] for each in recent]) @ look
        is_burst = np.array([abs(time - each[0]) <= _BURST_SECONDS for each in recent])
        excess = distances - np.where(is_burst, max(self._similar, _FILM_DISTANCE), _FILM_DISTANCE)
        best = int(np.argmin(excess))
        return recent[best][2] if excess[best] <= 0 else None

    def _remember(self, key: str, client: str, time: float, look: np.ndarray, group: int) -> None:
        if key:
            self._pictures[key] = group
            self._pictures.move_to_end(key)
            if len(self._pictures) > _PICTURES:
                self._pictures.popitem(last=False)
        recent = [each for each in self._clients.pop(client, ()) if abs(time - each[0]) <= _FILM_SECONDS]
        self._clients[client] = [*recent, (time, look, group)][-_RECENT:]
        if len(self._clients) > _CLIENTS:
            self._clients.popitem(last=False)


def _describe(columns: ExchangeColumns) -> np.ndarray:
    """Return a unit vector of each picture: its projected embedding, or few figures if there is none."""
    if columns.embedding is not None:
        return project(columns.embedding, _DIMENSIONS)
    # Two pictures of equal size are near-copies if brightness and sharpness agree within about .06.
    angles = 6 * np.column_stack([columns.brightness, columns.sharpness, np.log(columns.width * columns.height + 1.0)])
    return np.asarray(np.concatenate([np.cos(angles), np.sin(angles)], axis=1) / np.sqrt(3))


def independent_groups(columns: ExchangeColumns, *, spread: float = float("nan")) -> np.ndarray:
    """Return the group of each exchange, int64 `[n]`, see `DependentExchanges`."""
    return DependentExchanges(spread).find(columns)


def forget_in_groups(state: dict[str, Any], *, hashes: Collection[str], clients: Collection[str]) -> dict[str, Any]:
    """Return what `DependentExchanges.to_json` returned, without the given pictures and clients."""
    keys = {each[-_HASH_DIGITS:] for each in hashes if each}
    return state | {
        "pictures": [each for each in state["pictures"] if each[0] not in keys],
        "clients": [each for each in state["clients"] if each[0] not in clients],
    }
