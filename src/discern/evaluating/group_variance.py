"""Sampling variance of weighted means over groups of dependent pictures."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from discern.errors import UsageError

FEWEST_GROUPS = 20
# Variance of the pseudo-group that every estimate is combined with: that of a group which is all right or all wrong.
_PSEUDO_GROUP = 0.25
_ROUNDING, _NO_VARIANCE = 1e-9, 1e-20


@dataclass(frozen=True, kw_only=True)
class Members:
    """Group membership and weight of each image.

    Attributes:
        group: int64 [N], numbers 0..count-1; undefined where the weight is 0.
        weight: float64 [N], 0 or more.
        count: number of groups with a weight above 0.
    """

    group: np.ndarray
    weight: np.ndarray
    count: int

    @staticmethod
    def of(size: int, groups: np.ndarray | None, weights: np.ndarray | None) -> "Members":
        """Validate optional groups and weights of images, and number the groups.

        Raises:
            UsageError: a wrong shape, or a weight that is negative or not finite.
        """
        weight = np.ones(size) if weights is None else np.asarray(weights, dtype=np.float64)
        named = np.arange(size) if groups is None else np.asarray(groups)
        if weight.shape != (size,) or named.shape != (size,):
            raise UsageError(
                f"Groups {named.shape} and weights {weight.shape} must have one entry for each of {size} pictures."
            )
        if not np.isfinite(weight).all() or (weight < 0).any():
            raise UsageError(
                "Weights must be finite and 0 or more.", hint="Pass weights that sum to 1 over identical pictures."
            )
        heavy = weight > 0
        group = np.zeros(size, dtype=np.int64)
        distinct, group[heavy] = np.unique(named[heavy], return_inverse=True)
        return Members(group=group, weight=weight, count=len(distinct))

    def of_rows(self, rows: np.ndarray) -> "Members":
        """Select images, with their groups numbered from 0."""
        return Members.of(len(rows), self.group[rows], self.weight[rows])

    def effective_groups(self) -> float:
        """Compute Kish's effective number of groups."""
        return effective_number(np.bincount(self.group, self.weight, minlength=self.count))


def effective_number(sizes: np.ndarray) -> float:
    """Compute the number of equal parts that vary as much as parts of the given sizes (Kish 1965): (sum s)^2 / sum s^2.

    One group of half of all pictures counts for as much as two equal halves: the number is below 4, however many small
    groups there are.
    """
    shares = sizes / sizes.sum()
    return float(1 / (shares**2).sum())


def enough_groups(effective: float, fewest: int = FEWEST_GROUPS) -> bool:
    """Return whether an effective number of groups suffices for an interval."""
    return effective >= fewest - _ROUNDING


@dataclass(frozen=True, kw_only=True)
class GroupVariance:
    """Sampling variance of a mean over groups, in units of the variance of one value.

    Attributes:
        groups: Kish's effective number of groups.
        unit: variance of one value.
        ratio: variance of the mean as a share of `unit`, so 1 / the number of independent values.
    """

    groups: float
    unit: float
    ratio: float

    @classmethod
    def of(
        cls, share: np.ndarray, residual: np.ndarray, members: Members, *, strata: np.ndarray | None = None
    ) -> "GroupVariance":
        """Estimate the sampling variance of a sum of `share` times a value.

        Two estimates are averaged, as their errors are opposite. One is the jackknife that leaves out a group at a
        time. It is too small where a few large groups happen to agree. The other interpolates between independent and
        identical pictures of a group by the intraclass correlation; that comes from the differences within groups,
        which do not depend on how the groups turned out. A jackknife above the variance of identical pictures is taken
        as it is: large groups do differ.

        Args:
            share: float [N], contribution of each image to the mean; they sum to 1.
            residual: float [N], value minus the mean that it belongs to.
            members: groups of the images.
            strata: int [N], parts with a mean of their own, such as classes; None for one mean.
        """
        used = share > 0
        if not used.all():
            strata = None if strata is None else strata[used]
            members = Members(group=members.group[used], weight=members.weight[used], count=members.count)
            share, residual = share[used], residual[used]
        held = np.bincount(members.group, share, minlength=members.count)
        squares = np.bincount(members.group, share**2, minlength=members.count)
        groups, unit = effective_number(held), float(share @ residual**2)
        if unit <= _NO_VARIANCE:
            return cls(groups=groups, unit=0.0, ratio=1 / groups)
        alike, different = 1 / groups, float(squares.sum())
        jackknife = _jackknife(share, residual, members, strata, unit=unit) / unit
        # Residuals from an estimated mean are too small by the variance of that mean.
        means = 1.0 if strata is None else effective_number(np.bincount(strata, share))
        kept = 1 / (1 + means * max(jackknife, different))
        unit, jackknife = unit / kept, jackknife * kept
        centre = np.bincount(members.group, share * residual, minlength=members.count) / held
        within, pairs = float(share @ (residual - centre[members.group]) ** 2), float((held - squares / held).sum())
        correlation = 1 - min(1.0, within / pairs / unit) if pairs > _ROUNDING else 1.0
        model = correlation * alike + (1 - correlation) * different
        ratio = jackknife if jackknife > alike else (max(jackknife, different) + model) / 2
        return cls(groups=groups, unit=unit, ratio=float(ratio))

    @classmethod
    def sum_of(cls, parts: Sequence["GroupVariance"], *, unit: float) -> "GroupVariance":
        """Add the variances of independent means, with the fewest groups of any, as a share of `unit`."""
        groups, variance = min(each.groups for each in parts), sum(each.value for each in parts)
        return cls(groups=groups, unit=unit, ratio=variance / unit if unit > _NO_VARIANCE else 1 / groups)

    @property
    def value(self) -> float:
        """Return the variance of the mean."""
        return self.unit * self.ratio

    @property
    def quantile(self) -> float:
        """Return the 97.5 % quantile of Student's distribution for the effective number of groups."""
        return float(special.stdtrit(self.groups - 1, 0.975))

    def trials(self, unit: float) -> float:
        """Compute the number of independent values of variance `unit` whose mean varies as much.

        A pseudo-group takes part, weighted by its variance: where few groups contain an error, the spread between them
        says little, and the number tends to that of the groups.
        """
        if unit <= 0 or self.value <= 0:
            return self.groups
        number, evidence = unit / self.value, self.groups * unit
        pseudo = _PSEUDO_GROUP / (_PSEUDO_GROUP + evidence)
        return float(number ** (1 - pseudo) * self.groups**pseudo) if number > self.groups else number


def _jackknife(
    share: np.ndarray, residual: np.ndarray, members: Members, strata: np.ndarray | None, *, unit: float
) -> float:
    """Estimate the variance of the mean from its changes when a group is left out.

    The factor of each stratum is 1 - 1 / its effective number of groups, so that identical pictures give no bias. A
    stratum with a single group cannot be measured without it; its mean is then taken to vary by `unit`.
    """
    cell, part, group = members.group, np.zeros(members.count, np.int64), np.arange(members.count)
    if strata is not None:
        pair, cell = np.unique(strata * members.count + members.group, return_inverse=True)
        part, group = np.divmod(pair, members.count)
    held = np.bincount(cell, share)
    held_within = held / np.bincount(part, held)[part]
    rest, factor = 1 - held_within, 1 - np.bincount(part, held_within**2)[part]
    alone = rest <= _ROUNDING
    change = np.bincount(cell, share * residual) * np.sqrt(np.maximum(factor, 0.0)) / np.where(alone, 1.0, rest)
    change[alone] = held[alone] * np.sqrt(unit)
    return float((np.bincount(group, change) ** 2).sum())
