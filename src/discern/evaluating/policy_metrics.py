"""Dataclasses that hold the metrics of an accept policy in `metrics.json`."""

from dataclasses import dataclass, field
from typing import Any

from discern.evaluating.json_fields import encode_fields, key, optional

_POLICY_SUMMARY = ("sentence", "basis", "share", "error", "needed")
_OPTIONAL_SUMMARY = ("floor", "offered")


@dataclass(frozen=True, kw_only=True)
class GroupError:
    """Error rate of accepted predictions, measured by group.

    Attributes:
        value: share of the groups with an accepted picture that have a wrong one.
        high: its one-sided 95 % upper bound.
    """

    value: float | None = None
    high: float | None = None


@dataclass(frozen=True, kw_only=True)
class RiskCurveMetrics:
    """Risk-coverage curve with the accepted share and error rate at each confidence threshold.

    Thresholds run from few accepted to all.

    Attributes:
        t_accept: the thresholds: lowest accepted confidences.
        share: share of the pictures accepted at each.
        picture_error: share of these pictures that is wrong.
        error: share of their groups with a wrong picture.
        high: one-sided 95 % upper bound of `error`.
    """

    t_accept: tuple[float, ...] = ()
    share: tuple[float, ...] = ()
    picture_error: tuple[float, ...] = ()
    error: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class OfferedLimit:
    """Error limit that would hold where the stated one does not.

    Attributes:
        risk: the error limit.
        share: share of all held-out pictures that it would accept.
        sentence: the policy in plain words.
        command: the command that applies it.
    """

    risk: float
    share: float
    sentence: str
    command: str


@dataclass(frozen=True, kw_only=True)
class PolicyMetrics:
    """Policy for accepting predictions, with the evidence for it from `heads.RiskControl`.

    Attributes:
        sentence: the policy in plain words.
        basis: "held-out" or "cross-fitted".
        share: of all held-out pictures, those accepted.
        error: of the groups with an accepted picture; None if nothing is accepted.
        needed: independent groups still missing for the error limit; None if it is met.
        max_error: the error limit: the stated one, or the one found.
        t_accept: lowest accepted confidence; None if nothing is accepted.
        picture_error: of the accepted pictures, the share that is wrong; if nothing is accepted, the share that was
            too large, or None for another reason.
        groups: number of independent groups behind the policy.
        wrong: of these, the groups with a wrong prediction.
        curve: the same for other thresholds.
        auto: True if the error limit was found: the strictest that holds; None in files of earlier versions.
        floor: lowest confidence at which a prediction may be accepted; None in files of earlier versions.
        offered: a looser error limit that would hold, where the stated one does not; else None.
    """

    sentence: str | None = None
    basis: str | None = None
    share: float | None = None
    error: GroupError | None = None
    needed: int | None = None
    max_error: float | None = field(default=None, metadata=key("asked"))
    t_accept: float | None = None
    picture_error: float | None = None
    groups: int | None = None
    wrong: int | None = None
    curve: RiskCurveMetrics = RiskCurveMetrics()
    auto: bool | None = field(default=None, metadata=optional())
    floor: float | None = field(default=None, metadata=optional())
    offered: OfferedLimit | None = field(default=None, metadata=optional())

    def summary(self) -> dict[str, Any]:
        """Return the accept policy as JSON-ready values, without its evidence."""
        plain = encode_fields(self)
        return {name: plain[name] for name in _POLICY_SUMMARY} | {
            "risk": None if self.t_accept is None else self.max_error,
            "asked": "auto" if self.auto else self.max_error,
            **{name: plain.get(name) for name in _OPTIONAL_SUMMARY},
        }
