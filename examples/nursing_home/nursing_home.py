"""Objects in the rooms of a nursing home, spoken aloud.

People who cannot see hear what their phone's camera sees in the rooms of a nursing home. The published project filmed
objects, cut the films into frames, split the frames at random, compared a small network with ResNet-50, and proposed
speech and an app. These are its steps, run with Discern on films that are rendered from photographs of furniture.
"""

import json
import random
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import discern as api
from examples.commands import discern
from examples.endpoint import endpoint, fetch_text
from examples.nursing_home.filmed_rooms import PACK, SIZE, FilmPlan, choose_stills, render_films
from examples.nursing_home.home_bucket import BUCKET, figures, home_bucket, parts_of, write_archive
from examples.nursing_home.spoken_answers import ask_aloud
from examples.packs import find_pack
from examples.steps import Example, Run, StepFailed, digest, write_json

STEPS = (
    "films",
    "frames",
    "EDA",
    "parts by film",
    "training",
    "films never seen",
    "speech",
    "bucket",
    "budget",
)
PUBLISHED: dict[str, Any] = {
    "note": "The films are rendered, so the published figures, of frames of 25 objects that were split at random, are "
    "left out."
}
EXAMPLE = Example("nursing-home", published=PUBLISHED, required=STEPS)
SPOKEN = {"tv": "a television"}
"""Spoken names where they are not "a" and the label."""
PER_DAY = "1000"
"""Answers a day, for the bill."""
FEW = 50
"""Number of pictures to send below which films are smaller."""
SMALL, TOO_SMALL = (160, 120), (48, 36)
"""Size of the films where few are made, and of one that is of no use."""
NEVER_SEEN = 3
"""One film in so many is kept for the test."""
TEST_SHARE = 0.2
"""Share of the frames in the test part."""
OTHERS = "negatives_imagenet"
FURNITURE = (
    "bed",
    "chair",
    "chest",
    "chiffonier",
    "cradle",
    "crib",
    "entertainment",
    "monitor",
    "refrigerator",
    "screen",
)
FURNITURE += ("seat", "sofa", "stove", "table", "television", "throne", "wardrobe")
"""Words in names of photographs of other things that show what a class may mean."""


def films_of(run: Run, stills: dict[str, list[Path]]) -> list[FilmPlan]:
    """Return the films to render: some for training, others for the test, and a few that are of no use."""
    size, plans = SIZE if run.options.pictures >= FEW else SMALL, []
    for label, photographs in stills.items():
        for number, still in enumerate(photographs):
            part = "test-films" if number % NEVER_SEEN == NEVER_SEEN - 1 else "films"
            path, seed = run.folder / part / label / f"room-{number + 1:02}.mp4", len(plans)
            rotation = (0, 90, 0, 270, 180)[number % 5]
            plans.append(FilmPlan(still=still, path=path, seed=seed, size=size, rotation=rotation))
    first = plans[0]
    place = first.path.parent
    spoilt = FilmPlan(still=first.still, path=place / "interrupted.mp4", seed=len(plans), size=size, share=0.6)
    tiny = FilmPlan(still=first.still, path=place / "old-phone.mp4", seed=len(plans) + 1, size=TOO_SMALL)
    return [*plans, spoilt, tiny]


@EXAMPLE.step("films")
def film(run: Run) -> Path:
    """Film the objects: for each class several rooms, each with another object, in H.264.

    The films are rendered from photographs, none of which is nearly equal to another: the camera pans, turns, loses its
    focus for half a second, and stands still. Some were held upright. The copy of one was interrupted, and one is from
    an old phone. One film in three is for the test alone.
    """
    source = run.options.data or find_pack(PACK)
    if source is None or not source.is_dir():
        raise StepFailed(
            f"There are no photographs at hand. Pass DATA=path/to/folder with one folder of photographs for each "
            f"class, or set DISCERN_TEST_DATA to a folder with {PACK}/."
        )
    run.data = "rendered"
    plans = films_of(run, choose_stills(source, max(NEVER_SEEN, run.options.pictures // 6)))
    render_films(plans)
    (run.folder / "films" / "notes.txt").write_text("Filmed on Monday, ground floor.\n", encoding="utf-8")
    held = Counter(plan.rotation for plan in plans)
    print(f"    {len(plans)} films; turned by degrees: {dict(sorted(held.items()))}")
    return run.folder


@EXAMPLE.step("frames")
def collect(run: Run) -> Path:
    """Cut the films into frames, upright, in folders by class; each film is a group.

    Frames that are too small, blurred or nearly equal to the last one are left out and counted. The interrupted film is
    named, with the remedy, and the command exits with 1: no frame of it is used.
    """
    found = {}
    for name, films in (("rooms", "films"), ("test-rooms", "test-films")):
        films_folder = run.artefact("films") / films
        found[name] = discern("collect", films_folder, "--out", run.folder / name, partly=name == "rooms")
        print(f"    {name}: {found[name]['kept']} frames of {found[name]['groups']} films")
        print(f"    left out: {found[name]['left_out']}")
    failed = found["rooms"]["failed"]
    if [Path(each["source"]).name for each in failed] != ["interrupted.mp4"] or "truncated" not in failed[0]["message"]:
        raise StepFailed(f"The interrupted film was not named, or another one was: {failed}")
    print(f"    {failed[0]['message']}")
    write_json(run.folder / "collected.json", found)
    return run.folder


@EXAMPLE.step("EDA")
def explore(run: Run) -> Path:
    """Look at the frames: classes, sizes, sharpness and light, as a page and as figures for slides."""
    rooms = run.artefact("frames") / "rooms"
    found = discern("check", rooms, "--plots", "--name", "eda", "--runs", run.folder)
    print(f"    {found['classes']}")
    findings = api.open_run(run.folder / "eda").findings
    counts = dict(findings["check"].value_counts(sort=True).iter_rows())
    print(f"    findings: {counts or 'none'}")
    return run.folder / "eda"


def film_of(frame: Path | str) -> str:
    """Return the class and the film of a frame, from its path."""
    path = Path(frame)
    return f"{path.parent.name}/{path.name.rpartition('_')[0]}"


def naive_parts(rooms: Path) -> dict[str, list[Path]]:
    """Return a random split of the frames, as in the published project: whatever film a frame is from."""
    frames = sorted(rooms.glob("*/*.jpg"))
    random.Random(0).shuffle(frames)
    test = round(TEST_SHARE * len(frames))
    return {"train": frames[test:], "test": frames[:test]}


@EXAMPLE.step("parts by film")
def split(run: Run) -> Path:
    """Split the frames so that no film is divided, and count what a random split of the frames does instead."""
    rooms, parts = run.artefact("frames") / "rooms", run.folder / "parts"
    made = discern("split", rooms, "--parts", "60/20/20", "--out", parts, "--runs", run.folder / "runs")
    print(f"    {made['pictures']}")
    by_film = {name: sorted((parts / name).glob("*/*.jpg")) for name in ("train", "test")}
    counts = {}
    for name, frames in (("by film", by_film), ("at random", naive_parts(rooms))):
        trained, tested = ({film_of(frame) for frame in frames[part]} for part in ("train", "test"))
        counts[name] = {"test_films": len(tested), "also_in_training": len(tested & trained)}
        print(f"    {name:<9} {len(tested & trained)} of {len(tested)} films of the test part are in training, too")
    if counts["by film"]["also_in_training"]:
        raise StepFailed("The split has divided a film.")
    write_json(run.folder / "films.json", {"split": counts, "proof": made["proof"]["holds"]})
    return run.folder


def write_names(rooms: Path, path: Path) -> Path:
    """Write how the classes of a folder are displayed and spoken of, and return the file."""
    labels = sorted(each.name for each in rooms.iterdir() if each.is_dir())
    rows = "".join(f"{label},{label.capitalize()},{SPOKEN.get(label, f'a {label}')}\n" for label in labels)
    path.write_text(f"label,name,spoken\n{rows}", encoding="utf-8", newline="\n")
    return path


def copy_others(folder: Path, *, most: int) -> None:
    """Copy photographs of anything but furniture, in turn for training and for questions, if they are at hand."""
    pack = find_pack(OTHERS)
    files = sorted(pack.iterdir()) if pack else []
    fitting = [path for path in files if not any(word in path.name.lower() for word in FURNITURE)]
    random.Random(0).shuffle(fitting)
    for number, path in enumerate(fitting[: 2 * most]):
        place = folder / ("others", "asked")[number % 2]
        place.mkdir(exist_ok=True)
        shutil.copyfile(path, place / path.name)


def train_from(source: str | Path, beside: Path, runs: Path) -> Any:
    """Train a model on a source, with the names and the photographs of other things in a folder."""
    known: tuple[str | Path, ...] = ("--negatives", beside / "others") if (beside / "others").is_dir() else ()
    options = ("--names", beside / "names.csv", *known)
    return discern("train", source, *options, "--name", "rooms", "--runs", runs)


@EXAMPLE.step("training")
def train(run: Run) -> Path:
    """Train on the frames, with photographs of other things, so that these are answered with "unknown".

    The accuracy by film is from frames of films that the judged model was not trained on. That of a random split is
    from frames whose neighbours, nearly the same pictures, were in its training.
    """
    rooms = run.artefact("frames") / "rooms"
    write_names(rooms, run.folder / "names.csv")
    copy_others(run.folder, most=2 * run.options.pictures)
    trained = train_from(rooms, run.folder, run.folder)
    print(f"    {trained['policy']['sentence']}")
    return run.folder


@EXAMPLE.step("films never seen")
def test_on_new_films(run: Run) -> Path:
    """Judge the model on films of other rooms, which had no part in anything, and compare the two estimates with it."""
    place, test = run.artefact("training") / "rooms", run.artefact("frames") / "test-rooms"
    judged = discern("evaluate", place / "model.discern", test, "--name", "never-seen", "--runs", run.folder)
    trained = json.loads((place / "metrics.json").read_text(encoding="utf-8"))["accuracy"]
    found = {"random split": trained["naive"], "by film": trained["leak_free"], "films never seen": judged["accuracy"]}
    table = {name: {end: each[end] for end in ("value", "low", "high")} for name, each in found.items()}
    run.ours = table["films never seen"]
    for name, each in table.items():
        print(f"    {name:<17} {each['value']:.3f}")
    answers = api.open_run(run.folder / "never-seen").answers
    accepted = answers.filter(answers["decision"] == "accept")
    wrong = int((accepted["answer"] != accepted["label"]).sum())
    print(f"    certain: {len(accepted)} of {len(answers)} frames, {wrong} of them wrong")
    counts = {"frames": len(answers), "certain": len(accepted), "wrong": wrong}
    write_json(run.folder / "accuracy.json", {"data": run.data, "accuracy": table, "certain": counts})
    return run.folder


@EXAMPLE.step("speech")
def speak(run: Run) -> Path:
    """Serve the page, whose hands-free mode speaks, and ask for the sentences that it would speak.

    The camera's pictures are frames of films never seen, and photographs of other things.
    """
    trained, frames = run.artefact("training"), sorted((run.artefact("frames") / "test-rooms").glob("*/*.jpg"))
    random.Random(0).shuffle(frames)
    asked = {"rooms": frames[: run.options.pictures]}
    if (trained / "asked").is_dir():
        asked["other things"] = sorted((trained / "asked").iterdir())[: run.options.pictures]
    with endpoint(trained / "rooms/model.discern") as address:
        page = fetch_text(f"{address}/")
        found = {name: ask_aloud(address, pictures) for name, pictures in asked.items()}
    if 'id="hands-free"' not in page:
        raise StepFailed("The page has no hands-free mode.")
    (run.folder / "index.html").write_text(page, encoding="utf-8")
    for name, each in found.items():
        print(f"    {name}: {each['decisions']}")
        for decision, answer in each["sentences"].items():
            print(f'        {decision:<8} {answer["picture"]:<45} "{answer["spoken"]}"')
    return write_json(run.folder / "spoken.json", found)


@EXAMPLE.step("bucket")
def copy_to_bucket(run: Run) -> Path:
    """Copy films, frames and model to a bucket and back, and train from there.

    The bucket is in the memory of this process, by moto, behind a server on the loopback interface. Large files are
    uploaded in parts of 16 MiB.
    """
    films, frames, trained = (run.artefact(name) for name in ("films", "frames", "training"))
    archive = write_archive(run.folder / "home.tar", films=films, frames=frames)
    found: dict[str, Any] = {}
    with home_bucket():
        for name, source in (("archive", archive), ("rooms", frames / "rooms")):
            address = f"s3://{BUCKET}/{source.name}"
            found[name] = {"push": figures(discern("push", source, address))}
            found[name]["push again"] = figures(discern("push", source, address))
        found["archive"]["parts"] = parts_of(archive.name)
        found["rooms"]["pull"] = figures(discern("pull", f"s3://{BUCKET}/rooms", run.folder / "pulled"))
        again = train_from(f"s3://{BUCKET}/rooms", trained, run.folder / "again")["bundle"]
    archive.unlink()
    if digest(run.folder / "pulled") != digest(frames / "rooms"):
        raise StepFailed("The folder that was pulled differs from the one that was pushed.")
    found["same_model"] = digest(Path(again)) == digest(trained / "rooms/model.discern")
    if not found["same_model"]:
        raise StepFailed("The model that was trained from the bucket differs from the one trained from the folder.")
    for name in ("archive", "rooms"):
        print(f"    {name:<8} {found[name]}")
    shutil.rmtree(run.folder / "pulled")
    return write_json(run.folder / "bucket.json", found)


@EXAMPLE.step("budget")
def estimate_cost(run: Run) -> Path:
    """Write the project's budget: what a function costs, and the endpoint of the published project, asked or not."""
    bundle = run.artefact("training") / "rooms/model.discern"
    bill = discern("cost", bundle, "--per-day", PER_DAY, "--out", run.folder)
    per_month = {row["target"]: row["per_month"] for row in bill["rows"]}
    for target in ("lambda-x86", "lambda-http-api", "real-time-endpoint"):
        print(f"    {target:<18} {per_month[target]:>8,.2f} $ a month for {PER_DAY} pictures a day")
    return run.folder
