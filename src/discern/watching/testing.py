"""Reusable contract tests for stores of captured exchanges."""

import math
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from discern.errors import UsageError
from discern.inference.exchange import Exchange
from discern.watching.stores.exchange_store import ExchangeColumns, ExchangeStore, Removed
from discern.watching.stores.sample_exchanges import START, make_exchange, make_feedback, with_picture


class ExchangeStoreContract:
    """Base class of contract tests for stores of captured exchanges.

    A test class inherits them and implements `store` and `reopen`.
    """

    def store(self) -> ExchangeStore:
        """Create an empty store under test, which keeps pictures."""
        raise NotImplementedError

    def reopen(self) -> ExchangeStore:
        """Open the store that was created last once more."""
        raise NotImplementedError

    def test_an_exchange_comes_back_as_it_was(self) -> None:
        """Check that all attributes are kept, the embedding with the precision of float16."""
        store, exchange = self.store(), with_picture(1)
        assert store.add([exchange]) == 1
        for each in (store, self.reopen()):
            found = each.get(exchange.id)
            assert found is not None
            assert _plain(found) == _plain(exchange)
            assert found.embedding is not None
            assert exchange.embedding is not None
            assert found.embedding.dtype == np.float32
            assert np.allclose(found.embedding, exchange.embedding, rtol=2**-10)
            assert each.picture(exchange.id) == (exchange.picture, "image/jpeg")
            assert each.has(exchange.id)

    def test_the_least_that_an_exchange_has_is_enough(self) -> None:
        """Check that one without picture, embedding, client and scores is kept."""
        store = self.store()
        least = make_exchange(
            1, client="", client_id=None, content="", pixels="", embedding=None, confidence=None, unknown_score=math.nan
        )
        store.add([least])
        found, columns = store.get(least.id), store.columns(embeddings=True)
        assert found is not None
        assert (found.client_id, found.picture, found.media_type, found.embedding) == (None, None, "", None)
        assert store.picture(least.id) is None
        assert columns.embedding is None
        assert np.isnan([columns.confidence[0], columns.unknown_score[0]]).all()

    def test_an_unknown_exchange_is_none(self) -> None:
        """Check that nothing is found in an empty store, and that nothing can be added."""
        store = self.store()
        assert (store.get("0" * 32), store.picture("0" * 32), store.has("0" * 32)) == (None, None, False)
        assert store.add([]) == 0
        assert len(store.columns(embeddings=True)) == len(store.columns_of([])) == 0
        assert (store.bundles(), store.traffic(), store.lost(), list(store.feedback())) == ({}, [], 0, [])

    def test_an_exchange_is_stored_once(self) -> None:
        """Check that what is there already is left as it is, also within one call."""
        store, first = self.store(), [make_exchange(number) for number in range(3)]
        assert store.add([*first, *first]) == 3
        changed = [replace(each, client="another") for each in first]
        assert store.add([*changed, make_exchange(3)]) == 1
        assert list(store.columns().client) == ["key"] * 4
        assert store.bundles() == {"a" * 64: 4}
        assert sum(each.exchanges for each in store.traffic()) == 4

    def test_columns_have_the_values_of_the_exchanges(self) -> None:
        """Check the values and the types of all columns."""
        store, exchanges = self.store(), [make_exchange(number, decision="review") for number in range(5)]
        store.add(exchanges, [make_feedback(2, "bird", is_new=True)])
        columns = store.columns(embeddings=True)
        assert (np.diff(columns.number) > 0).all()
        for name in ("id", "time", "client", "content", "pixels", "width", "height", "brightness", "sharpness"):
            assert list(getattr(columns, name)) == [getattr(each, name) for each in exchanges]
        assert set(columns.label) == {"cat"}
        assert set(columns.decision) == {"review"}
        assert (columns.confidence[0], columns.unknown_score[0], columns.kept_with[0]) == (0.75, 0.25, 1.0)
        assert list(columns.truth) == [None, None, "bird", None, None]
        assert list(columns.is_new) == [False, False, True, False, False]
        assert columns.embedding is not None
        assert columns.embedding.shape == (5, 8)
        assert columns.embedding.dtype == np.float32
        assert np.allclose(columns.embedding, np.stack([_embedding(each) for each in exchanges]), rtol=2**-10)

    def test_columns_are_restricted(self) -> None:
        """Check the filters of model, number and time, and both ends of a limit."""
        store = self.store()
        times = [0.0, 7200.0, 3600.0, 10_800.0, 3599.0, 7201.0]
        store.add([make_exchange(each, time=START + t, bundle="ab"[each % 2]) for each, t in enumerate(times)])
        numbers = store.columns().number
        expected: Iterable[tuple[dict[str, Any], list[int]]] = (
            ({"bundle": "b"}, [1, 3, 5]),
            ({"bundle": "c"}, []),
            ({"after": int(numbers[3])}, [4, 5]),
            ({"since": START + 3600}, [1, 2, 3, 5]),
            ({"until": START + 7200}, [0, 2, 4]),
            ({"since": START + 3600, "until": START + 7201}, [1, 2]),
            ({"since": START + 99_999}, []),
            ({"until": START}, []),
            ({"limit": 2}, [0, 1]),
            ({"limit": 2, "newest": True}, [4, 5]),
            ({"limit": 9, "newest": True}, [0, 1, 2, 3, 4, 5]),
            ({"newest": True}, [0, 1, 2, 3, 4, 5]),
            ({"limit": 0}, []),
            ({"limit": 2, "newest": True, "bundle": "a", "since": START + 1}, [2, 4]),
        )
        for options, rows in expected:
            assert _rows(store.columns(**options)) == rows, options

    def test_named_exchanges_are_read(self) -> None:
        """Check that they come in the order of their numbers, each once, without unknown ones."""
        store = self.store()
        store.add([make_exchange(number) for number in range(5)])
        names = [f"{number:032x}" for number in (4, 1, 9, 1)]
        columns = store.columns_of(names, embeddings=True)
        assert _rows(columns) == [1, 4]
        assert columns.embedding is not None
        assert columns.embedding.shape == (2, 8)

    def test_embeddings_of_different_lengths_are_not_joined(self) -> None:
        """Check that columns have no embedding if one is missing or has another length."""
        store = self.store()
        store.add([make_exchange(0), make_exchange(1, embedding=np.zeros(3, np.float32)), make_exchange(2)])
        assert store.columns(embeddings=True).embedding is None
        assert store.columns(embeddings=True, limit=1).embedding is not None
        store.add([make_exchange(3, embedding=None)])
        assert store.columns_of(["2".zfill(32), "3".zfill(32)], embeddings=True).embedding is None

    def test_the_last_feedback_holds(self) -> None:
        """Check that time decides, not the order in which feedback arrives."""
        store = self.store()
        store.add([make_exchange(0), make_exchange(1)])
        store.add([], [make_feedback(0, "late", time=9.0), make_feedback(1, "first", time=1.0)])
        store.add([], [make_feedback(0, "early", time=1.0), make_feedback(1, "last", time=2.0, is_new=True)])
        columns = store.columns()
        assert list(columns.truth) == ["late", "last"]
        assert list(columns.is_new) == [False, True]

    def test_feedback_may_come_before_its_exchange(self) -> None:
        """Check that it is kept, and holds as soon as the exchange is there."""
        store = self.store()
        store.add([], [make_feedback(1), make_feedback(2)])
        store.add([make_exchange(1)])
        store.add([make_exchange(2)], [make_feedback(2, "bird", time=START + 99)])
        assert list(store.columns().truth) == ["dog", "bird"]

    def test_feedback_is_read_in_order_and_once(self) -> None:
        """Check that repeated feedback is left as it is, and that reading continues after a number."""
        store = self.store()
        told = [make_feedback(number, client="me", source="page") for number in range(3)]
        store.add([make_exchange(0)], [*told, *told])
        store.add([], [replace(told[0], label="other")])
        found = list(store.feedback())
        assert [each for _, each in found] == told
        assert list(store.feedback(after=found[0][0])) == found[1:]

    def test_much_feedback_is_read(self) -> None:
        """Check that feedback is read to its end, of which a store reads a part at a time."""
        store = self.store()
        store.add([], [make_feedback(number) for number in range(2500)])
        numbers = [number for number, _ in store.feedback()]
        assert len(numbers) == 2500
        assert numbers == sorted(set(numbers))

    def test_traffic_is_counted_by_hour(self) -> None:
        """Check that counts and times add up over calls, and can be read from an hour on."""
        store = self.store()
        labels = ("cat", "cat", "dog")
        for day in range(2):
            store.add([make_exchange(day * 9 + n, time=START + 1800 * n, label=each) for n, each in enumerate(labels)])
        found = store.traffic()
        assert [(each.start - START, each.label, each.exchanges, each.seconds) for each in found] == [
            (0, "cat", 4, 0.25),
            (3600, "dog", 2, 0.125),
        ]
        assert {(each.bundle, each.decision) for each in found} == {("a" * 64, "accept")}
        assert store.traffic(since=START + 3601) == found[1:]

    def test_traffic_is_counted_in_longer_steps_and_by_model(self) -> None:
        """Check that steps of a day have the sums of their hours, and that a model has its own."""
        store, day = self.store(), 86_400
        begin = START - START % day
        times = [begin + 1, begin + 7200, begin + day - 1, begin + day]
        store.add([make_exchange(number, time=each, bundle="aab b"[number]) for number, each in enumerate(times)])
        found = [(each.start - begin, each.bundle, each.exchanges, each.seconds) for each in store.traffic(step=day)]
        assert found == [(0, "a", 2, 0.125), (0, "b", 1, 0.0625), (day, " ", 1, 0.0625)]
        assert [each.start - begin for each in store.traffic(bundle="a")] == [0, 7200]
        assert store.traffic(bundle="a", step=day, since=begin + 3600)[0].exchanges == 1

    def test_lost_exchanges_are_counted(self) -> None:
        """Check that counts of several calls add up."""
        store = self.store()
        store.add([], lost=2)
        store.add([make_exchange(1)], lost=3)
        assert (store.lost(), self.reopen().lost()) == (5, 5)

    def test_an_exchange_is_forgotten_by_its_identifier(self) -> None:
        """Check that nothing of it is left, and that neither it nor its feedback comes back."""
        store = self.store()
        exchanges = [with_picture(number) for number in range(3)]
        store.add(exchanges, [make_feedback(1), make_feedback(2)])
        removed = store.forget(exchanges[1].id)
        assert removed == Removed(exchanges=1, feedback=1, pictures=1, bytes=9, ids=(exchanges[1].id,))
        assert store.add([exchanges[1]], [make_feedback(1)]) == 0
        assert (store.get(exchanges[1].id), store.picture(exchanges[1].id)) == (None, None)
        assert [each.exchange for _, each in store.feedback()] == [exchanges[2].id]
        assert _rows(store.columns()) == [0, 2]
        assert store.bundles() == {"a" * 64: 2}
        assert sum(each.exchanges for each in store.traffic()) == 3

    def test_exchanges_are_forgotten_by_a_hash(self) -> None:
        """Check that all with it are erased, and that it is stored again if it is sent later."""
        for name in ("content", "pixels"):
            store = self.store()
            same = [make_exchange(number, **{name: "f" * 64}) for number in range(4)]
            store.add([*same[:3], make_exchange(9)])
            assert store.forget("f" * 64).ids == tuple(each.id for each in same[:3])
            assert store.add(same) == 0, "answered before it was forgotten"
            later = replace(make_exchange(5, **{name: "f" * 64}), time=4e9)
            assert store.add([later]) == 1
            assert _rows(store.columns()) == [9, 5]

    def test_an_exchange_on_its_way_is_forgotten(self) -> None:
        """Check that one that arrives after it was forgotten is not stored, with feedback that waited for it."""
        store = self.store()
        store.add([], [make_feedback(1)])
        assert store.forget(f" {make_exchange(1).id}\n") == Removed(feedback=1)
        assert store.add([make_exchange(1), make_exchange(2)]) == 1
        assert list(store.feedback()) == []

    def test_nothing_is_forgotten_by_an_empty_name(self) -> None:
        """Check that it is refused, as exchanges may have empty hashes."""
        store = self.store()
        store.add([make_exchange(1, content="", pixels="")])
        for text in ("", " \n"):
            with suppress(UsageError):
                store.forget(text)
                raise AssertionError(text)
        assert len(store.columns()) == 1

    def test_a_shared_picture_stays_until_its_last_exchange_goes(self) -> None:
        """Check that the same picture is kept once, and erased with its last exchange."""
        store = self.store()
        store.add([with_picture(1, b"same"), with_picture(2, b"same")])
        assert store.forget(make_exchange(1).id).pictures == 0
        assert store.picture(make_exchange(2).id) == (b"same", "image/jpeg")
        assert store.forget(make_exchange(2).id).pictures == 1
        store.add([with_picture(3, b"same")])
        assert store.picture(make_exchange(3).id) == (b"same", "image/jpeg")

    def test_a_number_is_not_used_twice(self) -> None:
        """Check that the highest number is not given again after its exchange was erased."""
        store = self.store()
        store.add([make_exchange(1), make_exchange(2)], [make_feedback(2)])
        (last,), (told, _) = store.columns(after=1).number, next(iter(store.feedback()))
        store.forget(make_exchange(2).id)
        store.add([make_exchange(3)], [make_feedback(3)])
        assert store.columns(newest=True, limit=1).number[0] > last
        assert next(iter(store.feedback()))[0] > told

    def test_old_exchanges_are_erased(self) -> None:
        """Check that age alone decides, also where exchanges arrive out of order, and that counts stay."""
        store = self.store()
        ages = [9000.0, 100.0, 8000.0, 5000.0, 7999.0]
        now = START + 10_000
        store.add(
            [with_picture(number, time=now - age) for number, age in enumerate(ages)],
            [make_feedback(number, time=now - 50) for number in range(5)],
        )
        store.add([], [make_feedback(77, time=now - 9999), make_feedback(78, time=now - 1)])
        removed = store.retain(max_age=7999.5, now=now)
        assert (removed.exchanges, removed.feedback, removed.pictures) == (2, 3, 2)
        assert _rows(store.columns()) == [1, 3, 4]
        assert {each.exchange for _, each in store.feedback()} == {f"{number:032x}" for number in (1, 3, 4, 78)}
        assert store.bundles() == {"a" * 64: 3}
        assert sum(each.exchanges for each in store.traffic()) == 5
        assert store.retain(max_age=7999.5, now=now) == Removed()

    def test_many_old_exchanges_are_erased(self) -> None:
        """Check that all go, of which a store erases a part at a time."""
        store = self.store()
        store.add([make_exchange(number) for number in range(2300)])
        assert store.retain(max_age=1.0, now=START + 2301).exchanges == 2300
        assert (len(store.columns()), store.bundles()) == (0, {})

    def test_the_oldest_pictures_are_erased(self) -> None:
        """Check that exchanges stay, and that a picture that was sent again is as young as its last exchange."""
        store = self.store()
        pictures = {1: b"again", 2: b"oldest", 3: b"middle", 4: b"newest", 5: b"again"}
        store.add([with_picture(number, picture) for number, picture in pictures.items()])
        assert store.retain(max_bytes=23, now=0) == Removed()
        assert store.retain(max_bytes=17, now=0) == Removed(pictures=1, bytes=6)
        kept = [number for number in pictures if store.picture(make_exchange(number).id)]
        assert kept == [1, 3, 4, 5]
        assert store.retain(max_bytes=0, now=0) == Removed(pictures=3, bytes=17)
        assert len(store.columns()) == 5
        found = store.get(make_exchange(4).id)
        assert found is not None
        assert (found.picture, found.media_type) == (None, "")

    def test_a_state_is_replaced_unless_another_writer_was_faster(self) -> None:
        """Check that a state is written only over the one that its writer has read."""
        store = self.store()
        assert store.read_state("drift") is None
        assert not store.write_state("drift", b"1", previous=b"0")
        assert store.write_state("drift", b"1", previous=None)
        assert not store.write_state("drift", b"2", previous=None)
        assert not store.write_state("drift", b"2", previous=b"0")
        assert store.write_state("drift", b"\0\xff" * 100_000, previous=b"1")
        assert self.reopen().read_state("drift") == b"\0\xff" * 100_000
        assert store.read_state("other") is None

    def test_settings_are_kept(self) -> None:
        """Check that values of JSON come back, and that the last one holds."""
        store = self.store()
        assert store.setting("audit") is None
        for value in ({"rate": 0.1, "größe": [1, None]}, False, "text", 0):
            store.set_setting("audit", value)
            assert self.reopen().setting("audit") == value

    def test_odd_texts_are_kept(self) -> None:
        """Check that texts that databases refuse are kept with a replacement, and others as they are."""
        store = self.store()
        odd = make_exchange(1, client_id="a\0b\ud800c", client="'; DROP TABLE exchanges; --", label="größe 🍌 %s")
        store.add([odd], [make_feedback(1, "la\0bel\udfff ñ")])
        columns, found = store.columns(), store.get(odd.id)
        assert (columns.client[0], columns.label[0]) == ("'; DROP TABLE exchanges; --", "größe 🍌 %s")
        assert columns.truth[0] == "la\ufffdbel? ñ"
        assert found is not None
        assert found.client_id == "a\ufffdb?c"
        assert not store.has("\0\ud800")
        assert store.forget("\0\ud800") == Removed()

    def test_a_long_prediction_comes_back(self) -> None:
        """Check that a prediction with many classes is kept whole."""
        store = self.store()
        prediction = {"label": "c7", "decision": "review", "probabilities": {f"c{n}": n / 999 for n in range(1000)}}
        store.add([make_exchange(1, prediction=prediction)])
        found = store.get(make_exchange(1).id)
        assert found is not None
        assert found.prediction == prediction

    def test_writers_and_readers_do_not_disturb_each_other(self) -> None:
        """Check that of overlapping batches each exchange is stored once, and that a reader misses none."""
        self.store()
        writers = [self.reopen() for _ in range(4)]
        reader, seen, last, finished = self.reopen(), list[str](), 0, False
        with ThreadPoolExecutor(len(writers)) as executor:
            calls = [executor.submit(_add_steps, writer, start) for start, writer in enumerate(writers)]
            while not finished:
                finished = all(each.done() for each in calls)
                columns = reader.columns(after=last)
                seen += list(columns.id)
                last = int(columns.number[-1]) if len(columns) else last
        for each in calls:
            each.result()
        assert sorted(seen) == [f"{number:032x}" for number in range(67)]
        assert reader.bundles() == {"a" * 64: 67}
        assert sum(each.exchanges for each in reader.traffic()) == 67


def _add_steps(store: ExchangeStore, start: int) -> None:
    """Add batches that overlap with those of other starts."""
    for step in range(start, 60, 4):
        store.add([with_picture(number, b"p%d" % (number % 5)) for number in range(step, step + 8)])


def _plain(exchange: Exchange) -> dict[str, Any]:
    return {name: value for name, value in vars(exchange).items() if name != "embedding"}


def _embedding(exchange: Exchange) -> np.ndarray:
    assert exchange.embedding is not None
    return exchange.embedding


def _rows(columns: ExchangeColumns) -> list[int]:
    """Return the numbers that `make_exchange` was called with."""
    return [int(each, 16) for each in columns.id]
