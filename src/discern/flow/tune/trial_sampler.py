"""Sampler whose random numbers depend on the seed and on the place of the trial alone."""

from typing import Any

import numpy as np
from optuna.samplers import BaseSampler, TPESampler

INTERRUPTED, REPEATS = "interrupted", "repeats"
"""Attributes of a trial that was cut off, and of the one that repeats it."""

NAME = "TPE"


class TrialSampler(BaseSampler):  # type: ignore[misc]
    """Tree-structured Parzen estimator, seeded for each trial.

    A sampler that is seeded once would repeat its first trials in each worker, and whenever a study is resumed. Trials
    that were cut off, and are repeated, do not count: the others are the same as without the interruption.

    Args:
        seed: random seed of the study.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._sampler = TPESampler(seed=seed)

    def before_trial(self, study: Any, trial: Any) -> None:
        """Seed the sampler for a trial."""
        cut_off = sum(
            INTERRUPTED in each.user_attrs and each.number < trial.number for each in study.get_trials(deepcopy=False)
        )
        number = np.random.SeedSequence([self._seed, trial.number - cut_off]).generate_state(1)
        self._sampler = TPESampler(seed=int(number[0]))
        self._sampler.before_trial(study, trial)

    def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
        """Return the options that are sampled together."""
        return self._sampler.infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
        """Sample these options."""
        return self._sampler.sample_relative(study, trial, search_space)

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        """Sample one option."""
        return self._sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(self, study: Any, trial: Any, state: Any, values: Any) -> None:
        """Record the end of a trial."""
        self._sampler.after_trial(study, trial, state, values)
