"""Options of a study."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from discern.flow.tune.objective import Measure, check_measure
from discern.flow.tune.read_space import read_space
from discern.flow.tune.search_space import SearchSpace
from discern.flow.tune.storage_address import StorageAddress
from discern.flow.tune.study_keywords import StudyKeywords, settings_of
from discern.flow.tune.trial_settings import TrialSettings


@dataclass(frozen=True, kw_only=True)
class StudyConfig:
    """Options of a study, which a resumed one must share.

    Attributes:
        settings: settings that the trials replace; the test part is decided once the pictures are known.
        space: the search space.
        measure: the objective.
        storage: database of the trials; None for a journal in the folder of the study.
        sampler: name of the sampler.
        pruner: name of the pruner.
    """

    settings: TrialSettings
    space: SearchSpace
    measure: Measure
    storage: StorageAddress | None
    sampler: str = "TPE"
    pruner: str = "median"

    @classmethod
    def checked(
        cls,
        source: str | Path,
        options: StudyKeywords,
        *,
        seed: int = 0,
        space: str | Path = "default",
        measure: str = "log_loss",
        storage: str | None = None,
    ) -> Self:
        """Check the options of `tune`, which have the same names.

        Raises:
            UsageError: an option is invalid.
        """
        settings = settings_of(source, seed, options)
        return cls(
            settings=settings,
            space=read_space(space, settings),
            measure=check_measure(measure),
            storage=None if storage is None else StorageAddress.checked(storage),
        )

    @property
    def sampling(self) -> str:
        """Return the name and the seed of the sampler."""
        return f"{self.sampler}, seed {self.settings.training.seed}"

    def to_json(self) -> dict[str, Any]:
        """Return the options as JSON-ready values, without the password of the storage."""
        training = self.settings.training
        return self.settings.preparing.to_json() | {
            "study": {
                "space": self.space.to_json(),
                "measure": self.measure,
                "sampler": self.sampler,
                "pruner": self.pruner,
                "storage": None if self.storage is None else self.storage.hidden,
                "at_most_wrong": training.at_most_wrong,
                "coverage": training.coverage,
                "seed": training.seed,
            }
        }
