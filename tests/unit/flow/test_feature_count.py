"""Pictures whose features came from the cache are counted apart from those that were computed."""

from discern.flow.feature_count import FeatureCount


def test_the_first_call_says_what_was_cached() -> None:
    calls: list[tuple[str, int, int | None]] = []
    count = FeatureCount(lambda *call: calls.append(call))
    for done in (30, 31, 40):
        count("features", done, 40)
    assert count.to_json() == {"pictures": 40, "cached": 30}
    assert calls == [("features", 30, 40), ("features", 31, 40), ("features", 40, 40)]


def test_without_pictures_nothing_is_cached() -> None:
    assert FeatureCount(lambda *_: None).to_json() == {"pictures": 0, "cached": 0}
