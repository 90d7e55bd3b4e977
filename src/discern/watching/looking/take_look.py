"""Function that looks at the captured exchanges of a model."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from discern.bundle import Model
from discern.bundle.reference_pictures import ReferencePictures
from discern.errors import StoreError
from discern.parallel import single_threaded_blas
from discern.progress import Progress, silent
from discern.watching.audits.audit_sample import AuditConfig
from discern.watching.audits.live_accuracy import estimate_accuracy
from discern.watching.audits.promise import Policy, weigh_promise
from discern.watching.drift.class_mix import describe_mix
from discern.watching.drift.label_free_accuracy import estimate_accuracy as estimate_without_labels
from discern.watching.looking.iso_time import iso_time
from discern.watching.looking.running_look import RunningLook
from discern.watching.looks.look import Alarm, Cluster, Look
from discern.watching.new_classes.new_class_search import find_new_classes
from discern.watching.stores.exchange_store import ExchangeStore

PAGE = 2_000
"""Exchanges that are read at once; not tuned: 10 MB of embeddings."""

MAX_QUEUED = 1_000
"""Waiting exchanges that a look names; all are counted."""

NEWEST = 2_000
"""Exchanges whose accuracy is estimated without labels, the newest; not tuned."""

_KEPT_AFTER = 25  # pages, so that a long first look that is interrupted continues; not tuned
_ATTEMPTS = 10  # to keep a state while other processes look too; not tuned


@single_threaded_blas()  # all products are small
def look(
    store: ExchangeStore,
    model: Model,
    *,
    since: float | None = None,
    audit: AuditConfig | None = None,
    average_run: float | None = None,
    progress: Progress = silent,
) -> Look:
    """Look at the exchanges of a model: what has changed, the accuracy from audits, the promise, and new classes.

    A look reads the exchanges that have come since the last one and continues from what it kept in the store, so that
    no exchange is bet on twice, even if several processes look at once. Another bundle starts from the beginning.

    Args:
        store: store of the exchanges.
        model: the model, whose bundle has the reference and the policy.
        since: look at the exchanges from this time on alone, in seconds since 1970 UTC, and keep nothing.
        audit: size and shape of the audit sample; None for the default share at the reference's confidences.
        average_run: for a stream without end, the average number of independent exchanges to a false alarm, at least;
            None for alarms that are false with a probability of 5 % at most in the whole life of a bundle. Both kinds
            of looks may be taken at one store.
        progress: called with the stage, exchanges read and exchanges in all.
    """
    reader = _Reader(store, model, audit or default_audit(model.reference), average_run, progress)
    running, notes = reader.read_since(since) if since is not None else reader.read_on()
    return _summarise(store, model, running, notes, since)


def default_audit(reference: ReferencePictures | None) -> AuditConfig:
    """Return the audit sample of a bundle: five per cent of traffic that is like its held-out pictures."""
    if reference is None:
        return AuditConfig()
    return AuditConfig.for_confidences(reference.signals[:, 1].astype(float))


def state_name(fingerprint: str, *, is_endless: bool = False) -> str:
    """Return the name under which a store keeps the state of the looks at a model, or at a stream without end."""
    return f"{'endless look' if is_endless else 'look'}:{fingerprint}"


class _Reader:
    """Reader of a model's exchanges and feedback into a running look."""

    def __init__(
        self,
        store: ExchangeStore,
        model: Model,
        audit: AuditConfig,
        average_run: float | None,
        progress: Progress,
    ) -> None:
        self._store, self._bundle, self._progress = store, model.fingerprint, progress
        self._model, self._audit, self._average_run = model, audit, average_run
        self._total = store.bundles().get(model.fingerprint, 0)

    def read_since(self, since: float) -> tuple[RunningLook, list[str]]:
        """Read the exchanges from a time on into a new look."""
        running = RunningLook(self._model, self._audit, average_run=self._average_run)
        for _ in self._pages(running, since):
            pass
        return running, [
            f"This look reads the exchanges since {iso_time(since)} alone, and keeps nothing. Its alarms hold for one "
            "look at a time that was chosen beforehand, not for many looks or a time chosen after seeing the traffic."
        ]

    def read_on(self) -> tuple[RunningLook, list[str]]:
        """Continue from the kept state, and keep what was read."""
        name, notes = state_name(self._bundle, is_endless=self._average_run is not None), list[str]()
        for _ in range(_ATTEMPTS):
            previous = self._store.read_state(name)
            running = self._open(previous, notes)
            if self._continue(running, name, previous):
                return running, notes
        notes.append("Other processes look at this store all the time; this look was not kept.")
        return running, notes

    def _continue(self, running: RunningLook, name: str, previous: bytes | None) -> bool:
        """Read what is new, and keep it; return False if another process has kept more in the meantime."""
        for number, _ in enumerate(self._pages(running, None), 1):
            if number % _KEPT_AFTER == 0:
                state = running.to_bytes()
                if not self._store.write_state(name, state, previous=previous):
                    return False
                previous = state
        state = running.to_bytes()
        return state == previous or self._store.write_state(name, state, previous=previous)

    def _open(self, state: bytes | None, notes: list[str]) -> RunningLook:
        if state is not None:
            try:
                return RunningLook.from_bytes(state, self._model, self._audit, average_run=self._average_run)
            except StoreError as error:
                notes.append(f"{error.message} All exchanges were read again from the first.")
        return RunningLook(self._model, self._audit, average_run=self._average_run)

    def _pages(self, running: RunningLook, since: float | None) -> Iterator[None]:
        """Take the exchanges that are new, page by page, and then the feedback."""
        while True:
            columns = self._store.columns(
                bundle=self._bundle, after=running.row, since=since, limit=PAGE, embeddings=True
            )
            if not len(columns):
                break
            running.take(columns)
            self._progress("exchanges", running.exchanges, max(self._total, running.exchanges))
            yield
        # After the exchanges, so that feedback on those that were just read is not missed.
        running.take_feedback(self._store.feedback(after=running.audit.feedback))
        self._drop_erased(running)

    def _drop_erased(self, running: RunningLook) -> None:
        """Drop the oldest waiting exchanges that retention has erased, until one that is stored."""
        while queue := running.audit.queue(MAX_QUEUED):
            stored = set(self._store.columns_of(queue).id)
            if len(stored) == len(queue):
                return
            running.forget(each for each in queue if each not in stored)


def _summarise(store: ExchangeStore, model: Model, running: RunningLook, notes: list[str], since: float | None) -> Look:
    audits = running.audit.audits()
    policy = Policy.from_manifest(model.manifest.policy)
    weighed = None if policy is None else weigh_promise(audits, policy)
    alarms = [] if running.drift is None else list(running.drift.alarms())
    alarms += [] if weighed is None or weighed.alarm is None else [weighed.alarm]
    return Look(
        bundle=model.fingerprint,
        exchanges=running.exchanges,
        lost=store.lost(),
        first=None if running.first is None else iso_time(running.first),
        last=None if running.last is None else iso_time(running.last),
        alarms=_stored_examples(store, sorted(alarms, key=lambda alarm: alarm.since)),
        accuracy=estimate_accuracy(audits),
        estimated=_estimate(store, model, since),
        promise=None if weighed is None else weighed.promise,
        clusters=_clusters(store, model, since),
        to_audit=running.audit.queue(MAX_QUEUED),
        waiting=running.audit.waiting,
        classes=_classes(model, running),
        signals=() if running.drift is None else tuple(running.drift.signals()),
        notes=(*notes, *_notes(store, model, running)),
    )


def _stored_examples(store: ExchangeStore, alarms: Sequence[Alarm]) -> tuple[Alarm, ...]:
    """Return alarms with those examples alone that were not erased."""
    ids = [each for alarm in alarms for each in alarm.examples]
    stored = set(store.columns_of(ids).id) if ids else set()
    kept = [tuple(each for each in alarm.examples if each in stored) for alarm in alarms]
    return tuple(replace(alarm, examples=own) for alarm, own in zip(alarms, kept, strict=True))


def _clusters(store: ExchangeStore, model: Model, since: float | None) -> tuple[Cluster, ...]:
    if model.reference is None:
        return ()
    return find_new_classes(
        store, bundle=model.fingerprint, reference=model.reference, labels=model.labels, since=since
    )


def _classes(model: Model, running: RunningLook) -> tuple[dict[str, Any], ...]:
    trained = {label: each["pictures"] for label, each in (model.manifest.data.get("per_class") or {}).items()}
    return describe_mix(running.classes, model.labels, trained)


def _estimate(store: ExchangeStore, model: Model, since: float | None) -> dict[str, float] | None:
    """Estimate the accuracy of the newest exchanges without labels."""
    if model.reference is None:
        return None
    newest = store.columns(bundle=model.fingerprint, since=since, limit=NEWEST, newest=True)
    return estimate_without_labels(newest.confidence, model.reference)


def _notes(store: ExchangeStore, model: Model, running: RunningLook) -> Iterator[str]:
    if model.reference is None:
        yield "The bundle has no held-out reference, so drift and new classes are not measured. Train it again."
    if others := sum(number for bundle, number in store.bundles().items() if bundle != model.fingerprint):
        yield f"{others:,} {'exchange' if others == 1 else 'exchanges'} of other models in the store are left out."
    if running.without_embedding:
        yield f"{running.without_embedding:,} exchanges have no embedding, so parts of the drift are not measured."
