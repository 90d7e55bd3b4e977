"""Functions that split image data sets into train, validation and test parts (`discern split`).

The parts can be used with any trainer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from discern.buckets.bucket_address import find_bucket_address
from discern.catalog import Catalog
from discern.catalog.account import Account
from discern.catalog.left_out import LEFT_OUT
from discern.checking import conflicted
from discern.display.displayed import Displayed
from discern.errors import UsageError
from discern.flow.bucket_outputs import writes_to_buckets
from discern.flow.input_options import InputOptions
from discern.flow.paths import is_folder, resolve_path
from discern.flow.prepare import PrepareConfig, prepare
from discern.flow.run import Run
from discern.flow.run_notes import notes_of
from discern.flow.source_options import SourceKeywords
from discern.progress import Progress, silent
from discern.splitting import PARTS, Split, SplitConfig, make_split, write_parts


@dataclass(frozen=True, kw_only=True, repr=False)
class SplitResult(Displayed):
    """Result of `discern.split`, with the size of each part and a proof that the parts are disjoint.

    Attributes:
        run: folder of the run, with `split.json` and its proof.
        out: folder of the parts; None if none was requested.
        pictures: number of pictures in each part.
        reason: reason for this split, in one sentence.
        unjudged: labels without two independent pictures, so that they are in one part only.
        unused: number of used pictures that are in no part, for each reason, zeros included.
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
    unused: dict[str, int]
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
            unused: number of used pictures that are in no part: `label_conflict`, of which a copy has another label,
                `leak`, of which a near-copy is in a later part, and `negative`, of none of the classes.
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
            "unused": self.unused,
            "proof": self.proof,
            "left_out_file": str(self.left_out_file),
        }


@writes_to_buckets("out")
def split(
    source: str | Path,
    *,
    parts: tuple[float, float, float] = (70, 20, 10),
    out: str | Path | None = None,
    link: bool = False,
    copy: bool | None = None,
    name: str | None = None,
    runs: str | Path = "runs",
    seed: int = 0,
    fixes: str | Path | None = None,
    backbone: str = "lite0",
    parts_of: Mapping[str, str] | None = None,
    group_by: str | None = None,
    classes: str | Path | Sequence[str] | None = None,
    label_from: str | None = None,
    size: int | None = None,
    fit: str | None = None,
    mean: float | Sequence[float] | None = None,
    deviation: float | Sequence[float] | None = None,
    scale: float | None = None,
    weights: str | Path | None = None,
    like: str | Path | None = None,
    cache: str | Path | None = None,
    progress: Progress = silent,
) -> SplitResult:
    """Split images into train, validation and test parts without data leakage.

    No picture, near-copy or group is in two parts.

    Args:
        source: labelled pictures: a folder, a list (CSV, Parquet, .lst, .manifest) or an archive; never changed.
        parts: relative sizes of train, validation and test.
        out: empty or new folder for `train/`, `validation/`, `test/`, `split.csv` and `.lst` files; None to write none.
        link: link to the pictures instead of copying them; an edit of a link in place changes the original.
        copy: earlier form of `link`, its opposite; None for `link` alone.
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
        label_from: key of the label in JSON files that belong to pictures (`1.json` beside `1.jpg`, or in a folder
            beside its folder), with dots for nested keys; or column of a list. None for the usual ones.
        size: side of the network's input in pixels, where the backbone allows it; None for the backbone's own.
        fit: "crop", "pad" (whole, with borders) or "squash" (whole, made square); None to go by the pictures' shapes.
        mean: mean to subtract for an ONNX file that takes float pictures, one number or RGB; None: from its metadata.
        deviation: standard deviation to divide by after that, likewise.
        scale: value of white before both, 1 or 255; None to follow from their size.
        weights: file of weights for a network of timm or torchvision, or a folder of such files; None for the folder in
            the environment variable `DISCERN_WEIGHTS`.
        like: former run, whose data the notes compare with these; `discern.options_of` gives its options.
        cache: directory of the feature cache; None for the user's cache directory.
        progress: called with the stage, items done and items in all.

    Raises:
        DiscernError: the source, the fixes, the run's name or `out` cannot be used.
    """
    reading = SourceKeywords(parts_of=parts_of, group_by=group_by, classes=classes, label_from=label_from)
    inputs = InputOptions.checked_input(
        size=size, fit=fit, mean=mean, deviation=deviation, scale=scale, weights=weights
    )
    prepare_config = PrepareConfig.of(source, fixes=fixes, backbone=backbone, inputs=inputs, **reading)
    config = SplitConfig(seed=seed, parts=parts)
    run_config = prepare_config.to_json() | {"seed": seed, "parts": list(parts)}
    links = _are_links(link=link, copy=copy)
    if links and find_bucket_address(source) is not None:
        raise UsageError("Pictures in a bucket cannot be linked to.", hint="Leave out --link.")
    target = None if out is None else _outside(resolve_path(out, written=True), Path(prepare_config.source))
    run = Run.create(source, name=name, runs=runs, resume=False, config=run_config)
    with run.locked():
        prepared = prepare(run, prepare_config, single_label=True, cache=cache, progress=progress)
        exclude = conflicted(prepared.catalog, prepared.edges)
        made = make_split(prepared.catalog, prepared.groups, config, exclude=exclude)
        run.write_json("split.json", made.to_json())
        if target is not None:
            write_parts(prepared.catalog, made, target, link=links)
        account = Account.of(prepared.catalog, unjudged=made.unevaluated, grouped=group_by is not None)
        run.save(status="done", **account.to_json())
    return SplitResult(
        run=run.folder,
        out=target,
        pictures={part: int(np.sum(made.part == part)) for part in PARTS},
        reason=describe_parts(made),
        unjudged=made.unevaluated,
        unused=_unused(prepared.catalog, made, exclude),
        proof=dict(made.proof),
        account=account,
        left_out_file=run.path(LEFT_OUT),
        notes=(*prepared.catalog.notes, *prepared.film_notes, *prepared.data.backbone.notes, *notes_of(run, like)),
    )


def describe_parts(made: Split) -> str:
    """Return the reason for the parts of a split in one sentence, whatever `train` evaluates on."""
    if made.method == "test-part" or not made.rounds:
        return made.reason
    drawn = "The parts are drawn at random over independent groups"
    test = int(np.sum(made.part == "test"))
    if made.reason.startswith("The given "):
        return f"{made.reason.partition(';')[0]}; {drawn[0].lower()}{drawn[1:]} instead."
    if not test or "too few" not in made.reason:
        return f"{drawn}."
    small = f"{test} pictures" if test > 1 else "one picture"
    return f"{drawn}; a test part of {small} says little, so `discern train` would hold out every group in turn."


def _unused(catalog: Catalog, made: Split, exclude: NDArray[np.bool_]) -> dict[str, int]:
    in_no_part = (made.part == "") & (catalog.label_index >= 0) & catalog.readable
    return {
        "label_conflict": int((in_no_part & exclude).sum()),
        "leak": int((in_no_part & ~exclude).sum()),
        "negative": int(catalog.negative.sum()),
    }


def _are_links(*, link: bool, copy: bool | None) -> bool:
    if copy and link:
        raise UsageError("The parts cannot be both links and copies.", hint="Leave out --copy, or --link.")
    return link or copy is False


def _outside(out: Path, source: Path) -> Path:
    if is_folder(source) and out.is_relative_to(source):
        raise UsageError(
            f"The output folder {out} is inside the source: the next scan would find each picture twice.",
            hint="Choose a folder outside the source with --out.",
        )
    return out
