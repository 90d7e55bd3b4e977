"""Training in a folder whose run shares the pictures, their links and their split with another run."""

import json
import shutil
from pathlib import Path

from discern.flow.finished_train import is_trained
from discern.flow.prepare import CATALOG, EDGES, SPLIT, PrepareConfig
from discern.flow.run import Run
from discern.flow.train import train_in
from discern.progress import Progress
from discern.training import TrainConfig

_SHARED = (CATALOG, EDGES, SPLIT)
_OF_FIXES = ("fixed", "fixes_applied")


def has_config(folder: Path, config: dict[str, object]) -> bool:
    """Return True if the run in a folder has these options."""
    return bool(Run.open(folder).facts["config"] == json.loads(json.dumps(config)))


def share_pictures(source: Run, run: Run) -> None:
    """Give a run the pictures of another one, their links and their split, unless it has its own already."""
    for name in _SHARED:
        if not run.has_kept(name):
            with run.replacing(name) as path:
                shutil.copyfile(source.path(name), path)
            run.keep(name)
    run.save(**{key: source.facts[key] for key in _OF_FIXES if key in source.facts})


def train_with_pictures_of(
    source: Run | None,
    run: Run,
    preparing: PrepareConfig,
    config: TrainConfig,
    *,
    name: str,
    cache: Path | None,
    progress: Progress,
) -> None:
    """Train in the folder of a run, unless that is done, on the pictures and parts of another one.

    Args:
        source: the other run; None to find pictures and parts here.
        run: the run.
        preparing: how pictures become features.
        config: how the classifier is trained.
        name: name of the model.
        cache: directory of the feature cache.
        progress: called with the stage, items done and items in all.
    """
    with run.locked():
        if is_trained(run):
            return
        if source is not None:
            share_pictures(source, run)
        run.save(name=name)
        train_in(run, preparing, config, cache=cache, progress=progress)
