"""Functions that split image data sets into train, validation and test parts (`discern split`).

The parts can be used with any trainer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from discern.catalog.account import Account
from discern.catalog.left_out import LEFT_OUT
from discern.checking import conflicted
from discern.errors import UsageError
from discern.flow.paths import is_folder, resolve_path
from discern.flow.prepare import PrepareConfig, prepare
from discern.flow.run import Run
from discern.progress import Progress, silent
from discern.splitting import PARTS, SplitConfig, make_split, write_parts


@dataclass(frozen=True, kw_only=True)
class SplitResult:
    """Result of `discern.split`, with the size of each part and a proof that the parts are disjoint.

    Attributes:
        run: folder of the run, with `split.json` and its proof.
        out: folder of the parts; None if none was requested.
        pictures: number of pictures in each part.
        reason: reason for this split, in one sentence.
        unjudged: labels without two independent pictures, so that they are in one part only.
        proof: evidence that the parts share nothing.
        account: the classes, and the number of files used and left out.
        left_out_file: left_out.csv, which lists the files left out with their reasons.
        notes: sentences about how lists of labels were understood, and about classes that are one film.
    """

    run: Path
    out: Path | None
    pictures: dict[str, int]
    reason: str
    unjudged: tuple[str, ...]
    proof: dict[str, Any]
    account: Account
    left_out_file: Path
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-serialisable dictionary with absolute paths.

        With `group_by`, `ungrouped` is the number of pictures that it does not match, each of which is its own group.

        Keys:
            run: folder of the run.
            out: folder of the parts; null if none was requested.
            split: file with the part of each picture, and the proof.
            pictures: number of pictures in each part.
            reason: reason for this split, in one sentence.
            unjudged: labels without two independent pictures, so that they are in one part only.
            proof: evidence that the parts share nothing.
            found: number of files, each used or left out; members of archives count as files.
            used: number of readable pictures with a label.
            unreadable: number of unreadable files, as in `left_out`.
            left_out: number of files left out for each reason, zeros included.
            left_out_file: left_out.csv, which lists these files with their reasons.
            classes: number of pictures of each class, after fixes.
            links_not_followed: paths of the links that are not followed.
            folders_without_pictures: folders without a readable picture, with their number of files; 0 if empty.
            classes_without_pictures: labels of folders or lists that no readable picture has, with their files.
        """
        return self.account.to_json() | {
            "run": str(self.run),
            "out": None if self.out is None else str(self.out),
            "split": str(self.run / "split.json"),
            "pictures": self.pictures,
            "reason": self.reason,
            "unjudged": list(self.unjudged),
            "proof": self.proof,
            "left_out_file": str(self.left_out_file),
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
    parts_of: Mapping[str, str] | None = None,
    group_by: str | None = None,
    classes: str | Path | Sequence[str] | None = None,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> SplitResult:
    """Split images into train, validation and test parts without data leakage.

    No picture, near-copy or group is in two parts.

    Args:
        source: labelled pictures: a folder, a list (CSV, Parquet, .lst, .manifest) or an archive; never changed.
        parts: relative sizes of train, validation and test.
        out: empty or new folder for `train/`, `validation/`, `test/`, `split.csv` and `.lst` files; None to write none.
        copy: copy the pictures instead of linking to them.
        name: name of the run; None for the source's name and a number.
        runs: folder of all runs.
        seed: random seed; the same seed gives the same split.
        fixes: path of a fixes.csv to apply first.
        backbone: feature extractor: a name, or the path of an ONNX file.
        parts_of: folders that are parts, such as `{"train": "seg_train", "test": "seg_test"}`; empty if the outermost
            folders are classes, whatever their names; None to go by their names.
        group_by: regular expression that is searched in each path relative to the source, with "/"; the match, or its
            first group, names the picture's group; a picture without a match is its own group. It replaces the groups
            of a list. None to use those.
        classes: labels of the classes to use, as a sequence, separated by commas, or in a file with one per line or a
            column `label`; pictures of other classes are left out. None for all.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DiscernError: the source, the fixes, the run's name or `out` cannot be used.
    """
    prepare_config = PrepareConfig.of(
        source, fixes=fixes, backbone=backbone, parts_of=parts_of, group_by=group_by, classes=classes
    )
    config = SplitConfig(seed=seed, parts=parts)
    run_config = prepare_config.to_json() | {"seed": seed, "parts": list(parts)}
    target = None if out is None else _outside(resolve_path(out), Path(prepare_config.source))
    run = Run.create(source, name=name, runs=runs, resume=False, config=run_config)
    with run.locked():
        prepared = prepare(run, prepare_config, cache=cache, progress=progress)
        exclude = conflicted(prepared.catalog, prepared.edges)
        made = make_split(prepared.catalog, prepared.groups, config, exclude=exclude)
        run.write_json("split.json", made.to_json())
        if target is not None:
            write_parts(prepared.catalog, made, target, copy=copy)
        account = Account.of(prepared.catalog, unjudged=made.unevaluated, grouped=group_by is not None)
        run.save(status="done", **account.to_json())
    return SplitResult(
        run=run.folder,
        out=target,
        pictures={part: int(np.sum(made.part == part)) for part in PARTS},
        reason=made.reason,
        unjudged=made.unevaluated,
        proof=dict(made.proof),
        account=account,
        left_out_file=run.path(LEFT_OUT),
        notes=(*prepared.catalog.notes, *prepared.film_notes),
    )


def _outside(out: Path, source: Path) -> Path:
    if is_folder(source) and out.is_relative_to(source):
        raise UsageError(
            f"The output folder {out} is inside the source: the next scan would find each picture twice.",
            hint="Choose a folder outside the source with --out.",
        )
    return out
