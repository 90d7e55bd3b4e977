"""A store in PostgreSQL is watched, and forgets, as one in a folder."""

from contextlib import closing
from pathlib import Path

import pytest

import discern
from discern.watching.looking.take_look import state_name
from discern.watching.stores.open_exchanges import open_store
from tests.postgres_server import PASSWORD, postgres_server
from tests.unit.inference.factories import RED
from tests.unit.watching.looking.factories import make_reference, traffic, write_model


@pytest.mark.slow
def test_a_database_is_watched_and_forgets(tmp_path: Path) -> None:
    bundle = write_model(tmp_path, reference=make_reference())
    model = discern.load(bundle)
    with postgres_server() as server:
        server.create("watched")
        address = server.address_by_port("watched")
        with closing(open_store(address, create=True, pictures=tmp_path / "pictures")) as store:
            store.add([*traffic(model, 100), *traffic(model, 100, first=100, picture=RED, brightness=-2)])
        first = discern.watch(address, against=bundle, out=tmp_path / "page.html")
        assert "brightness" in {alarm.kind for alarm in first.look.alarms}
        assert discern.watch(address, against=bundle).look == first.look
        assert "data:image/jpeg;base64," in (tmp_path / "page.html").read_text("utf-8")
        assert "secret" in PASSWORD
        assert "secret" not in first.store
        gone = first.look.alarms[0].examples[0]
        assert discern.forget(gone, store=address).exchanges == 1
        assert discern.watch(address, against=bundle).look.alarms[0].examples == first.look.alarms[0].examples[1:]
        with closing(open_store(address)) as store:
            kept = store.read_state(state_name(model.fingerprint))
        assert kept is not None
        assert gone.encode() not in kept
