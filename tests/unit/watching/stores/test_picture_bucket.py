"""Pictures in a bucket, also one that fails."""

import pytest

from discern.buckets.bucket_address import BucketAddress
from discern.watching.stores.picture_bucket import PictureBucket
from tests.unit.buckets.memory_store import Interrupted, MemoryStore

ADDRESS = BucketAddress.parse("s3://photos/captured")


def test_pictures_are_written_and_read_and_removed_below_the_prefix() -> None:
    bucket = MemoryStore()
    bucket.write("other", b"of somebody else")
    place = PictureBucket(ADDRESS, bucket)
    place.write([(f"{number:02}/a.jpg", b"%d" % number) for number in range(40)])
    assert sorted(bucket.objects)[0] == "captured/00/a.jpg"
    assert place.read("07/a.jpg") == b"7"
    assert place.read("07/a") is None
    place.remove(f"{number:02}/a.jpg" for number in range(1, 50))
    assert sorted(bucket.objects) == ["captured/00/a.jpg", "other"]
    assert place.name == "s3://photos/captured"


def test_a_failure_is_passed_on() -> None:
    bucket = MemoryStore()
    bucket.fail_after = 3
    with pytest.raises(Interrupted):
        PictureBucket(ADDRESS, bucket).write([(str(number), b"x") for number in range(9)])
