"""Function that erases exchanges from a store, and from what looks have kept of them."""

import json
from collections.abc import Callable, Collection, Iterable
from itertools import product
from typing import Any

from discern.errors import StoreError
from discern.watching.audits.audit_state import AuditState
from discern.watching.drift.drift_monitor import forget_in_state
from discern.watching.looking.kept_look import pack_look, unpack_look
from discern.watching.looking.take_look import state_name
from discern.watching.stores.exchange_store import ExchangeStore, Removed

_ATTEMPTS = 20  # to change a state while looks change it; not tuned
_SHOWN = "monitor"  # with the fingerprint, the state that the monitor page shows, as JSON


def forget_exchanges(store: ExchangeStore, id_or_hash: str) -> Removed:
    """Erase exchanges from a store, and what looks keep of them.

    Args:
        store: the store.
        id_or_hash: identifier of an exchange, or the digest of a picture's file or pixels.

    Raises:
        StoreError: the store cannot be used.
    """
    bundles = list(store.bundles())
    named = store.columns_of([id_or_hash])
    removed = store.forget(id_or_hash)
    gone = {id_or_hash, *removed.ids}
    hashes = {id_or_hash, *named.content, *named.pixels} - {""}
    clients = set(named.client) - {""}
    for bundle, is_endless in product(bundles, (False, True)):
        name = state_name(bundle, is_endless=is_endless)
        _change(store, name, lambda state: _without(state, gone, hashes, clients))
    for bundle in bundles:
        _change(store, f"{_SHOWN}:{bundle}", lambda state: _without_in_json(state, gone))
    return removed


def _change(store: ExchangeStore, name: str, change: Callable[[bytes], bytes | None]) -> None:
    """Change a kept state; one that cannot be read is removed, so that the next look begins again."""
    for _ in range(_ATTEMPTS):
        previous = store.read_state(name)
        if previous is None:
            return
        try:
            state = change(previous)
        except StoreError:
            state = b""
        if state is None or store.write_state(name, state, previous=previous):
            return
    raise StoreError(
        "What looks keep of the erased exchanges could not be changed: other looks change it all the time.",
        hint="Run the same command again.",
    )


def _without(state: bytes, ids: Collection[str], hashes: Collection[str], clients: Iterable[str]) -> bytes:
    header, parts = unpack_look(state)
    audit = AuditState.from_bytes(parts["audit"])
    audit.forget(ids)
    drift = parts["drift"]
    if drift:
        drift = forget_in_state(drift, ids, hashes=hashes, clients=set(clients))
    return pack_look(header, {"audit": audit.to_bytes(), "drift": drift})


def _without_in_json(state: bytes, ids: Collection[str]) -> bytes:
    """Return JSON text without the given identifiers in its lists, and without objects of which one is the `id`."""
    try:
        return json.dumps(_pruned(json.loads(state), ids)).encode()
    except (ValueError, RecursionError) as error:
        raise StoreError(f"A kept state is not JSON: {error}.") from error


def _pruned(value: Any, ids: Collection[str]) -> Any:
    if isinstance(value, dict):
        return {name: _pruned(each, ids) for name, each in value.items()}
    if isinstance(value, list):
        return [_pruned(each, ids) for each in value if not _names(each, ids)]
    return value


def _names(value: Any, ids: Collection[str]) -> bool:
    named = value.get("id") if isinstance(value, dict) else value
    return isinstance(named, str) and named in ids
