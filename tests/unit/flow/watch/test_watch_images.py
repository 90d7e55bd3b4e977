"""Pictures and captions of a page come from the store, and what is missing is left out."""

from contextlib import closing
from pathlib import Path

from discern.bundle import load
from discern.flow.watch.watch_images import captions, load_images, shown_ids, small_image
from discern.reporting.watch_page import MAX_EXAMPLES
from discern.watching.looks.look import Alarm, Cluster, Look
from discern.watching.stores.open_exchanges import open_store
from tests.unit.bundle.factories import write_small
from tests.unit.catalog.factories import picture
from tests.unit.inference.factories import make_exchange


def test_each_exchange_that_is_shown_is_named_once() -> None:
    ids = tuple(str(number) for number in range(30))
    alarm = Alarm(kind="size", since="", evidence={}, examples=ids[:3], message="")
    cluster = Cluster(ids=ids, message="")
    look = Look(
        bundle="",
        exchanges=30,
        lost=0,
        first=None,
        last=None,
        alarms=(alarm,),
        clusters=(cluster,),
        to_audit=ids[20:22],
    )
    assert shown_ids(look) == [*ids[:MAX_EXAMPLES], "20", "21"]


def test_pictures_and_captions_come_from_the_store(tmp_path: Path) -> None:
    model = load(write_small(tmp_path / "model.discern", names={"red": {"name": "Red, really"}}))
    unsure = {"label": "dark", "decision": "review", "confidence": None}
    with closing(open_store(tmp_path / "store", create=True)) as store:
        store.add(
            [
                make_exchange(1, picture=picture(1, size=(400, 300), file_format="JPEG"), media_type="image/jpeg"),
                make_exchange(2, picture=None, media_type="", prediction=unsure),
            ]
        )
        ids = [f"{number:032x}" for number in (1, 2, 3)]
        images, texts = load_images(store, ids), captions(store, ids, model)
    assert images.keys() == {ids[0]}
    assert max(images[ids[0]].width, images[ids[0]].height) == 192
    assert texts == {
        ids[0]: "Red, really, 97.0\N{NO-BREAK SPACE}%, accept",
        ids[1]: "dark, no confidence, review",
    }


def test_what_cannot_be_decoded_is_left_out() -> None:
    assert small_image(b"no picture", alt="") is None
