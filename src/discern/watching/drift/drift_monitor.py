"""Monitor of drift: bets on every signal of captured exchanges, and alarms that hold however often one looks."""

import hashlib
import json
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from scipy.special import logsumexp

from discern.bundle.reference_pictures import SIGNALS, ReferencePictures, project, restore_units
from discern.bundle.stored_arrays import read_arrays, write_arrays
from discern.errors import StoreError
from discern.parallel import single_threaded_blas
from discern.watching.drift import two_sample_classifier
from discern.watching.drift.conformal_martingale import ConformalMartingale
from discern.watching.drift.dependent_exchanges import DependentExchanges, forget_in_groups
from discern.watching.drift.drift_signals import SIDES, SignalRanks, label_index, signals_of
from discern.watching.drift.endless_detector import EndlessDetector
from discern.watching.drift.raised_alarm import MOST_EXAMPLES, PICTURES, RaisedAlarm
from discern.watching.drift.rank_bets import TILTS, bet_on_ranks, make_bets
from discern.watching.drift.recent_exchanges import MOST, RecentExchanges
from discern.watching.drift.two_sample_classifier import TwoSampleClassifier
from discern.watching.looks.look import Alarm
from discern.watching.stores.exchange_store import ExchangeColumns

LEVEL = 0.05
"""Probability of any false alarm in the whole life of a bundle, at most."""

# Probability that the reference is too extreme for the bets on signals, and for those of the classifier: parts of
# `LEVEL`. Chosen with `benchmarks/watching_drift.py delays`.
SIGNALS_ERROR, PICTURES_ERROR = 0.015, 0.005
_VERSION, _MAX_STATE, _LARGEST_ODDS = 1, 8 << 20, 1e300
_NEAREST = 3
_STEP = MOST // 2  # exchanges that are bet on at a time, so that the recent ones contain those before an alarm
_COMPONENTS = len(SIGNALS) + 1
_KINDS = {
    "json": ("|u1", 1),
    "active": ("<f8", 1),
    "cusum": ("<f8", 1),
    "since": ("<i8", 1),
    "since_time": ("<f8", 1),
    "endless": ("<f8", 1),
    "weights": ("<f8", 1),
    "learnt": ("<f4", 2),
    "index": ("<i8", 1),
    "time": ("<f8", 1),
    "values": ("<f4", 2),
    "extremes": ("<f4", 2),
    "projected": ("<f4", 2),
}


class DriftMonitor:
    """Monitor of drift in the exchanges of one bundle.

    One martingale is the mean over the signals and a classifier of pictures, over directions, sizes of change and
    starting times. Without drift it raises an alarm with probability `LEVEL` at most, over the whole life of the
    bundle; to go on after an alarm has been dealt with, begin with a new monitor. Another mix of classes on each
    weekday and bursts of like pictures raise none: scores are ranked within their class, and one exchange of each group
    counts.

    Args:
        reference: the reference of the bundle.
        labels: its labels.
        average_run: for a stream without end, the average number of independent exchanges to a false alarm, at least,
            instead of `LEVEL`; alarms then come from an e-detector that never grows cautious. None for `LEVEL`.
    """

    def __init__(
        self, reference: ReferencePictures, labels: Sequence[str], *, average_run: float | None = None
    ) -> None:
        self._reference, self._labels = reference, tuple(labels)
        self._ranks = SignalRanks(reference)
        dimensions = reference.projected.shape[1] if len(reference.projected) else 0
        self._projected = restore_units(reference.projected) if dimensions else np.empty((0, 0), np.float32)
        self._groups = DependentExchanges(reference.spread)
        self._classifier = self._make_classifier()
        bets = sum(len(SIDES[name]) for name in SIGNALS) * len(TILTS)
        self._bets = make_bets(len(reference), TILTS, SIGNALS_ERROR / bets)
        self._kinds, self._sides, weights = self._lay_out()
        self._martingale = ConformalMartingale(weights)
        self._endless = None if average_run is None else EndlessDetector(weights, average_run=average_run)
        self._since_time = np.zeros(len(weights))
        self._recent = RecentExchanges(len(SIGNALS), dimensions)
        self._raised: list[RaisedAlarm] = []
        self._last = 0

    @property
    def threshold(self) -> float:
        """Return the odds at which an alarm is raised."""
        if self._endless is not None:
            return self._endless.average_run
        return 1 / (LEVEL - SIGNALS_ERROR - PICTURES_ERROR)

    @property
    def independent(self) -> int:
        """Return the number of independent exchanges so far."""
        return self._martingale.time

    @property
    def last(self) -> int:
        """Return the number of the last exchange; those up to it are ignored."""
        return self._last

    @single_threaded_blas()  # its products are small, and servers look while they serve
    def update(self, columns: ExchangeColumns) -> None:
        """Take account of further exchanges, in the order of their numbers.

        Args:
            columns: exchanges of the bundle, with their embeddings where they are known.
        """
        if not len(columns):
            return
        is_new = columns.number > self._last
        self._last = int(columns.number.max())
        known = self._groups.count
        group = self._groups.find(columns)
        _, first = np.unique(group, return_index=True)
        first = np.sort(first[(group[first] >= known) & is_new[first]])
        signals = signals_of(columns, self._reference, self._labels)
        for start in range(0, len(first), _STEP):
            chosen = first[start : start + _STEP]
            self._bet(columns, chosen, signals[chosen])

    def alarms(self) -> tuple[Alarm, ...]:
        """Return the alarms that were raised, the earliest first."""
        return tuple(each.to_alarm(threshold=self.threshold) for each in self._raised)

    def signals(self) -> tuple[dict[str, Any], ...]:
        """Return for each signal `name`, `against` (odds of its test), `median` (of the last ones) and `reference`."""
        capitals = self._martingale.capitals()
        found = []
        for at, name in enumerate(SIGNALS):
            mine = np.array(self._kinds) == name
            against = _odds(logsumexp(capitals[mine]) + np.log(_COMPONENTS)) if mine.any() else 1.0
            found.append(
                {
                    "name": name,
                    "against": against,
                    "median": _median(self._recent.values[:, at]),
                    "reference": _median(self._reference.signals[:, at]),
                }
            )
        return tuple(found)

    def _lay_out(self) -> tuple[tuple[str, ...], tuple[int, ...], np.ndarray]:
        """Return the kind, the side and the weight of each bet, in the order of the columns of `_factors`."""
        kinds, sides, weights = [], [], []
        for name in self._ranks.names:
            for side in SIDES[name]:
                kinds += [name] * len(TILTS)
                sides += [side] * len(TILTS)
                weights += [1 / _COMPONENTS / len(SIDES[name]) / len(TILTS)] * len(TILTS)
        learnt = len(two_sample_classifier.TILTS)
        rest = 1 - sum(weights)  # the classifier's, and that of signals which are missing
        return (*kinds, *[PICTURES] * learnt), (*sides, *[1] * learnt), np.array([*weights, *[rest / learnt] * learnt])

    def _make_classifier(self) -> TwoSampleClassifier:
        count = len(self._projected) if len(self._projected) else len(self._reference)
        label = self._reference.label[:count].astype(np.int64)
        ranks = self._ranks.rank(self._reference.signals[:count].astype(float), label, -1 - np.arange(count))
        features = _join(self._projected, self._ranks.normal(ranks))
        return TwoSampleClassifier(features, label, error=PICTURES_ERROR)

    def _bet(self, columns: ExchangeColumns, first: np.ndarray, signals: np.ndarray) -> None:
        """Bet on the first exchanges of new groups."""
        label, number = label_index(columns.label[first], self._labels), columns.number[first]
        ranks = self._ranks.rank(signals, label, number)
        normal = self._ranks.normal(ranks)
        projected = np.zeros((len(first), self._projected.shape[1]), np.float32)
        is_complete = columns.embedding is not None or not projected.shape[1]
        if columns.embedding is not None and projected.shape[1]:
            projected = project(columns.embedding[first], projected.shape[1])
        learnt, scores = np.zeros((len(first), len(two_sample_classifier.TILTS))), np.zeros(len(first))
        if is_complete:
            learnt, scores = self._classifier.update(_join(projected, normal), label, number)
        extremes = np.zeros((len(first), len(SIGNALS)))
        extremes[:, [SIGNALS.index(name) for name in self._ranks.names]] = normal
        self._recent.add(
            [str(each) for each in columns.id[first]],
            index=self._martingale.time + np.arange(len(first)),
            time=columns.time[first],
            values=signals,
            extremes=np.column_stack([extremes, scores]),
            projected=projected,
        )
        self._stake(np.concatenate([self._factors(ranks), learnt], axis=1), columns.time[first])
        for alarm in self._raised:
            alarm.merge(self._examples(alarm))

    def _factors(self, ranks: np.ndarray) -> np.ndarray:
        """Return the log factors of the bets on signals, 0 for unknown ones."""
        parts = []
        for at, name in enumerate(self._ranks.names):
            found = bet_on_ranks(np.maximum(ranks[:, at], 0), SIDES[name], self._bets)
            parts.append(np.where(ranks[:, at, None] < 0, 0.0, found))
        return np.concatenate(parts, axis=1)

    def _stake(self, factors: np.ndarray, times: np.ndarray) -> None:
        """Update the martingale up to each alarm in turn, so that alarms do not depend on the size of batches."""
        while len(factors):
            end, kinds = self._next_alarm(factors)
            start = self._martingale.time
            self._martingale.update(factors[:end])
            begun = (self._martingale.since >= start) & (self._martingale.since < start + end)
            self._since_time[begun] = times[self._martingale.since[begun] - start]
            for kind in kinds:
                self._raise(kind, float(times[end - 1]))
            factors, times = factors[end:], times[end:]

    def _next_alarm(self, factors: np.ndarray) -> tuple[int, list[str]]:
        """Return the number of observations up to the next new alarm and its kinds, or all and none."""
        if self._endless is not None:
            position = self._endless.update(factors)
            if position is None:
                return len(factors), []
            return position + 1, [self._leader(self._martingale.foresee(factors[: position + 1])[-1])]
        capitals = self._martingale.foresee(factors)
        crossed = {}
        for kind in set(self._kinds) - {alarm.kind for alarm in self._raised}:
            mine = logsumexp(capitals[:, np.array(self._kinds) == kind], axis=1)
            crossed[kind] = np.flatnonzero(mine >= np.log(self.threshold))
        firsts = {kind: int(at[0]) for kind, at in crossed.items() if len(at)}
        if not self._raised:
            whole = np.flatnonzero(logsumexp(capitals, axis=1) >= np.log(self.threshold))
            if len(whole):
                firsts[self._leader(capitals[whole[0]])] = int(whole[0])
        if not firsts:
            return len(factors), []
        earliest = min(firsts.values())
        return earliest + 1, sorted(kind for kind, at in firsts.items() if at == earliest)

    def _leader(self, capitals: np.ndarray) -> str:
        """Return the kind of bets that won most."""
        totals = {kind: logsumexp(capitals[np.array(self._kinds) == kind]) for kind in sorted(set(self._kinds))}
        return max(totals, key=lambda kind: float(totals[kind]))

    def _raise(self, kind: str, now: float) -> None:
        capitals = self._martingale.capitals()
        mine = np.flatnonzero(np.array(self._kinds) == kind)
        best = int(mine[np.argmax(capitals[mine])])
        start = int(self._martingale.since[best])
        has_begun = start < self._martingale.time
        alarm = RaisedAlarm(
            kind=kind,
            side=self._sides[best],
            start=start,
            since=float(self._since_time[best]) if has_begun else now,
            against=self.threshold if self._endless is not None else _odds(self._martingale.value()),
            after=self._martingale.time,
        )
        if kind != PICTURES:
            at = SIGNALS.index(kind)
            begin = max(start, alarm.after - _STEP)
            since = self._recent.values[(self._recent.index >= begin) & (self._recent.index < alarm.after), at]
            alarm.median, alarm.reference = _median(since), _median(self._reference.signals[:, at])
        self._raised = [each for each in self._raised if each.kind != kind] + [alarm]

    def _examples(self, alarm: RaisedAlarm) -> list[tuple[float, str, dict[str, Any]]]:
        """Return the most extreme of the recent exchanges since the change."""
        column = len(SIGNALS) if alarm.kind == PICTURES else SIGNALS.index(alarm.kind)
        extreme = self._recent.extremes[:, column] * alarm.side
        since = np.flatnonzero(self._recent.index >= alarm.start)
        best = since[np.argsort(-extreme[since], kind="stable")[:MOST_EXAMPLES]]
        return [
            (float(extreme[at]), self._recent.ids[at], self._nearest(at) if alarm.kind == PICTURES else {})
            for at in best.tolist()
        ]

    def _nearest(self, at: int) -> dict[str, Any]:
        """Return the reference pictures that are nearest to a recent exchange."""
        if not len(self._projected):
            return {"id": self._recent.ids[at], "pictures": []}
        cosine = self._projected @ self._recent.projected[at]
        pictures = [
            {
                "index": int(each),
                "content": self._reference.content[each].tobytes().hex(),
                "label": self._labels[int(self._reference.label[each])],
                "cosine": round(float(cosine[each]), 4),
            }
            for each in np.argsort(-cosine, kind="stable")[:_NEAREST]
        ]
        return {"id": self._recent.ids[at], "pictures": pictures}

    def to_bytes(self) -> bytes:
        """Serialise everything that the monitor remembers, about 200 KB."""
        numbers, learnt = self._classifier.state()
        plain = {
            "version": _VERSION,
            "reference": self._digest(),
            "time": self._martingale.time,
            "last": self._last,
            "classifier": numbers,
            "groups": self._groups.to_json(),
            "raised": [alarm.to_json() for alarm in self._raised],
            "ids": self._recent.ids,
        }
        arrays = {
            "json": np.frombuffer(json.dumps(plain, separators=(",", ":")).encode(), np.uint8),
            "active": self._martingale.active,
            "cusum": self._martingale.cusum,
            "since": self._martingale.since,
            "since_time": self._since_time,
            "endless": np.empty(0) if self._endless is None else self._endless.active,
            "weights": learnt["weights"],
            "learnt": learnt["recent"],
            **self._recent.arrays(),
        }
        return write_arrays({name: arrays[name].astype(dtype) for name, (dtype, _) in _KINDS.items()})

    @classmethod
    def from_bytes(
        cls, data: bytes, reference: ReferencePictures, labels: Sequence[str], *, average_run: float | None = None
    ) -> "DriftMonitor":
        """Restore a monitor from what `to_bytes` returned.

        Raises:
            StoreError: it is the state of another version or model, or of other alarms.
        """
        monitor = cls(reference, labels, average_run=average_run)
        try:
            arrays = {name: values.copy() for name, values in read_arrays(data, _KINDS, max_bytes=_MAX_STATE).items()}
            plain = json.loads(arrays["json"].tobytes())
            monitor._restore(plain, arrays)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise StoreError(
                f"The kept state of the drift monitor cannot be used: {error}.", hint="Begin with a new monitor."
            ) from error
        return monitor

    def _restore(self, plain: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        expected = 0 if self._endless is None else len(self._kinds)
        if plain["version"] != _VERSION or plain["reference"] != self._digest() or len(arrays["endless"]) != expected:
            raise ValueError("it belongs to another version or model, or to other alarms")
        self._martingale.time = int(plain["time"])
        for name in ("active", "cusum", "since"):
            setattr(self._martingale, name, arrays[name])
        self._since_time = arrays["since_time"]
        if self._endless is not None:
            self._endless.active = arrays["endless"]
        self._classifier.restore(plain["classifier"], {"weights": arrays["weights"], "recent": arrays["learnt"]})
        self._groups.restore(plain["groups"])
        self._raised = [RaisedAlarm.from_json(each) for each in plain["raised"]]
        self._recent.restore(plain["ids"], arrays)
        self._last = int(plain["last"])

    def _digest(self) -> str:
        return hashlib.sha256(self._reference.to_bytes() + json.dumps(self._labels).encode()).hexdigest()


def _join(projected: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return the features of the classifier: projected embeddings, if there are any, beside normal scores."""
    return np.concatenate([projected, normal], axis=1) if projected.shape[1] else normal


def _odds(log: float) -> float:
    return float(np.exp(min(log, np.log(_LARGEST_ODDS))))


def _median(values: np.ndarray) -> float | None:
    known = values[~np.isnan(values)]
    return float(np.median(known)) if len(known) else None


def forget_in_state(
    data: bytes, ids: Collection[str], *, hashes: Collection[str] = (), clients: Collection[str] = ()
) -> bytes:
    """Remove from what `DriftMonitor.to_bytes` returned all that names erased exchanges.

    What was bet on them stays won or lost. What the classifier has learnt from them is left until further exchanges
    have replaced it; it holds neither identifiers nor pictures.

    Args:
        data: the state.
        ids: identifiers of the exchanges.
        hashes: digests of their files and pixels.
        clients: their clients, of which nothing is remembered then.

    Raises:
        StoreError: it is not such a state.
    """
    try:
        arrays = read_arrays(data, _KINDS, max_bytes=_MAX_STATE)
        plain = json.loads(arrays["json"].tobytes())
        kept = np.array([each not in ids for each in plain["ids"]], bool)
        plain["ids"] = [each for each in plain["ids"] if each not in ids]
        for alarm in plain["raised"]:
            alarm["found"] = [each for each in alarm["found"] if each[1] not in ids]
        plain["groups"] = forget_in_groups(plain["groups"], hashes=hashes, clients=clients)
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise StoreError(f"The kept state of the drift monitor cannot be used: {error}.") from error
    changed = {name: arrays[name][kept] for name in ("index", "time", "values", "extremes", "projected")}
    text = np.frombuffer(json.dumps(plain, separators=(",", ":")).encode(), np.uint8)
    return write_arrays(arrays | changed | {"json": text})
