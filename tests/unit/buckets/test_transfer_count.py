"""Transfers report megabytes, of which the last report is all."""

from discern.buckets.transfer_count import TransferCount


def test_megabytes_are_reported() -> None:
    reports = list[tuple[str, int, int | None]]()
    count = TransferCount("uploading", lambda *report: reports.append(report), 2_500_000)
    count.add(1_200_000)
    count.add(1_300_000)
    assert reports == [("uploading (MB)", 0, 3), ("uploading (MB)", 1, 3), ("uploading (MB)", 3, 3)]


def test_a_small_transfer_reaches_its_end() -> None:
    reports = list[tuple[str, int, int | None]]()
    TransferCount("uploading", lambda *report: reports.append(report), 10).add(10)
    assert reports[-1] == ("uploading (MB)", 1, 1)
