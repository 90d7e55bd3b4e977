"""The detector's false alarms are as rare as stated, and a late change is found as fast as an early one."""

import numpy as np

from discern.watching.drift.endless_detector import EndlessDetector


def factors(random: np.random.Generator, count: int, chance: float = 0.5) -> np.ndarray:
    return np.log(np.where(random.random((count, 1)) < chance, 1.5, 0.5))


def test_the_average_time_to_a_false_alarm_is_at_least_the_stated_one() -> None:
    random = np.random.default_rng(0)
    times = []
    for _ in range(150):
        detector, time = EndlessDetector([1.0], average_run=200), 0
        while (alarm := detector.update(factors(random, 500))) is None:
            time += 500
        times.append(time + alarm + 1)
    assert np.mean(times) > 200 * (1 - 3 / np.sqrt(150))


def test_a_late_change_is_found_as_fast_as_an_early_one() -> None:
    random = np.random.default_rng(1)
    delays: dict[int, list[int]] = {0: [], 3000: []}
    for before, found in delays.items():
        while len(found) < 30:
            detector = EndlessDetector([1.0], average_run=50_000)
            if detector.update(factors(random, before, 0.4)) is None:
                alarm = detector.update(factors(random, 1000, 0.9))
                assert alarm is not None
                found.append(alarm)
    assert abs(np.median(delays[0]) - np.median(delays[3000])) < 10


def test_batches_do_not_matter_and_it_starts_anew_after_an_alarm() -> None:
    whole, parts = (EndlessDetector([0.5, 0.5], average_run=100) for _ in range(2))
    given = np.repeat(factors(np.random.default_rng(2), 40, 0.8), 2, axis=1)
    alarm = whole.update(given)
    assert alarm is not None
    assert whole.value() == -np.inf
    assert parts.update(given[:alarm]) is None
    assert parts.value() < np.log(100)
    assert parts.update(given[alarm:]) == 0
    assert parts.update(given[:0]) is None
