"""`discern split`: parts that share no picture, near copy or group, for any tool that trains."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discern.checking import conflicted
from discern.errors import UsageError
from discern.flow.paths import is_folder, resolve_path
from discern.flow.prepare import PrepareConfig, prepare
from discern.flow.run import Run
from discern.progress import Progress, silent
from discern.splitting import PARTS, SplitConfig, make_split, write_parts


@dataclass(frozen=True, kw_only=True)
class SplitResult:
    """Where a split was written.

    Attributes:
        run: the run's folder, with `split.json` and its proof.
        out: the folder of parts; None where none was asked for.
        pictures: how many pictures stand in each part.
        reason: why it was split this way, in one sentence.
        unjudged: labels whose pictures all depend on one another, so that they can stand in one part alone.
        proof: what shows that nothing is shared between parts.
    """

    run: Path
    out: Path | None
    pictures: dict[str, int]
    reason: str
    unjudged: tuple[str, ...]
    proof: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain values; paths are absolute.

        Keys:
            run: the run's folder.
            out: the folder of parts; null where none was asked for.
            split: the file that says in which part each picture stands, and why.
            pictures: how many pictures stand in each part.
            reason: why it was split this way, in one sentence.
            unjudged: labels whose pictures all depend on one another, so that they can stand in one part alone.
            proof: what shows that nothing is shared between parts.
        """
        return {
            "run": str(self.run),
            "out": None if self.out is None else str(self.out),
            "split": str(self.run / "split.json"),
            "pictures": self.pictures,
            "reason": self.reason,
            "unjudged": list(self.unjudged),
            "proof": self.proof,
        }


def split(
    source: str | Path,
    *,
    parts: tuple[float, float, float] = (70, 20, 10),
    out: str | Path | None = None,
    copy: bool = False,
    name: str | None = None,
    runs: str | Path = "runs",
    seed: int = 0,
    fixes: str | Path | None = None,
    backbone: str = "lite0",
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> SplitResult:
    """Split pictures into parts that share no picture, near copy or group.

    Args:
        source: labelled pictures: a folder, a table or an archive; never changed.
        parts: shares of train, validation and test.
        out: an empty or new folder for `train/`, `validation/`, `test/`, `split.csv` and `.lst` files; None: none.
        copy: copy the pictures instead of linking them.
        name: the run's name; None: called after the source, with a number.
        runs: the folder of all runs.
        seed: the same seed gives the same split.
        fixes: a fixes.csv to apply first.
        backbone: what looks at the pictures: a name, or the path of an ONNX file.
        cache: where computed things are kept; None: the user's cache folder.
        progress: is told how far the work is.

    Raises:
        DiscernError: the source, the fixes, the run's name or `out` cannot be used.
    """
    preparing = PrepareConfig.of(source, fixes=fixes, backbone=backbone)
    config = SplitConfig(seed=seed, parts=parts)
    asked = preparing.to_json() | {"seed": seed, "parts": list(parts)}
    parted = None if out is None else _outside(resolve_path(out), Path(preparing.source))
    run = Run.create(source, name=name, runs=runs, resume=False, config=asked)
    with run.held():
        prepared = prepare(run, preparing, cache=cache, progress=progress)
        exclude = conflicted(prepared.catalog, prepared.edges)
        made = make_split(prepared.catalog, prepared.groups, config, exclude=exclude)
        run.write_json("split.json", made.to_json())
        if parted is not None:
            write_parts(prepared.catalog, made, parted, copy=copy)
        run.save(status="done")
    return SplitResult(
        run=run.folder,
        out=parted,
        pictures={part: int(np.sum(made.part == part)) for part in PARTS},
        reason=made.reason,
        unjudged=made.unevaluated,
        proof=dict(made.proof),
    )


def _outside(out: Path, source: Path) -> Path:
    if is_folder(source) and out.is_relative_to(source):
        raise UsageError(
            f"{out} lies among the pictures: the next look at them would find each one twice.",
            hint="Name a folder outside of theirs with --out.",
        )
    return out
