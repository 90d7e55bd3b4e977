from datetime import UTC, datetime

import pytest

from discern.grouping.films.time_stamps import find_stamp


def text_of(stem):
    stamp = find_stamp(stem.casefold())
    if stamp is None:
        return None
    moment = datetime.fromtimestamp(stamp.time / 1000, UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03}", stem[: stamp.start] + "@" + stem[stamp.end :]


@pytest.mark.parametrize(
    ("stem", "time", "rest"),
    [
        ("IMG_20240131_101502", "10:15:02.000", "IMG_@"),
        ("IMG_20240131_101502_123", "10:15:02.123", "IMG_@"),
        ("2024-01-31 10.15.02", "10:15:02.000", "@"),
        ("2024:01:31 10:15:02", "10:15:02.000", "@"),
        ("2024-01-31T10:15:02", "10:15:02.000", "@"),
        ("20240131101502123", "10:15:02.123", "@"),
        ("PXL_20240131_101502123.MP", "10:15:02.123", "PXL_@.MP"),
        ("cam1-20240131_101502.123456", "10:15:02.123", "cam1-@"),
        ("VID_20240131_101502_0001", "10:15:02.000", "VID_@_0001"),
        ("VID_20240131_101502_000001", "10:15:02.000", "VID_@_000001"),
        ("Screenshot_20240131-101502_Maps", "10:15:02.000", "Screenshot_@_Maps"),
        ("signal-2024-01-31-10-15-02-123", "10:15:02.123", "signal-@"),
        ("WhatsApp Image 2024-01-31 at 10.15.02 (1)", "10:15:02.000", "WhatsApp Image @ (1)"),
        ("WhatsApp Image 2024-01-31 at 10.15.02 PM", "22:15:02.000", "WhatsApp Image @"),
        ("Screenshot 2024-01-31 at 9.15.02\u202fPM", "21:15:02.000", "Screenshot @"),
        ("Screen Shot 2024-01-31 at 12.15.02 am", "00:15:02.000", "Screen Shot @"),
        ("Bildschirmfoto 2024-01-31 um 10.15.02", "10:15:02.000", "Bildschirmfoto @"),
        ("photo_31-01-2024_10-15-02", "10:15:02.000", "photo_@"),
        ("01-31-2024 10-15-02", "10:15:02.000", "@"),
        ("vlcsnap-2024-01-31-10h15m02s123", "10:15:02.123", "vlcsnap-@"),
        ("1706696102", "10:15:02.000", "@"),
        ("1706696102123", "10:15:02.123", "@"),
        ("1706696102.123456", "10:15:02.123", "@"),
        ("1706696102123456789", "10:15:02.123", "@"),
    ],
)
def test_a_time_is_found(stem, time, rest):
    assert text_of(stem) == (f"2024-01-31 {time}", rest)


@pytest.mark.parametrize(
    "stem",
    [
        "IMG-20240131-WA0012",
        "20240131_000061",
        "20241331_101502",
        "2024-02-30 10.15.02",
        "frame_00-01-02.500",
        "00000012",
        "n01440764_10026",
        "17066961021234",
        "99999999999999999999",
        "1920x1080",
        "19701232101502",
    ],
)
def test_other_numbers_are_no_time(stem):
    assert find_stamp(stem) is None
