import pickle

import numpy as np
import pytest

from discern.catalog.formats.cifar.pickle_reader import begins_pickle, read_pickle
from discern.errors import DamagedPicture, NotAPicture

PIXELS = np.arange(24, dtype=np.uint8).reshape(2, 12)
PLAIN = {
    "list": [1, -1, 70_000, 2**70, 1.5, None, True, False, "é", b"\xff", b""],
    "tuples": ((), (1,), (1, 2), (1, 2, 3, 4)),
}


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_plain_values_and_arrays_are_read_in_every_protocol(protocol):
    arrays = {
        "data": PIXELS,
        "turned": np.asfortranarray(PIXELS),
        "wide": np.arange(5),
        "big-ended": np.arange(5, dtype=">i4"),
    }
    data = pickle.dumps(PLAIN | arrays, protocol)
    found = read_pickle(data)
    assert begins_pickle(data[:2])
    assert {key: found[key] for key in PLAIN} == PLAIN
    assert all(np.array_equal(found[key], array) and found[key].dtype == array.dtype for key, array in arrays.items())


def test_strings_of_python_2_are_bytes():
    data = b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(K\x01K\x02eU\x03rawU\x02\xff\x00u."
    assert read_pickle(data) == {"labels": [1, 2], "raw": b"\xff\x00"}
    assert read_pickle(b"(dp1\nS'names'\np2\n(lp3\nS'cat'\np4\naS'dog'\np5\nas.") == {"names": [b"cat", b"dog"]}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (pickle.dumps([1, 2]), "contains a list"),
        (pickle.dumps({"a": {1, 2}}), "refers to|uses the opcode EMPTY_SET"),
        (pickle.dumps({"a": np.float32(1)}), r"refers to numpy\.\S*scalar"),
        (pickle.dumps({"a": complex(1, 2)}), r"refers to builtins\.complex"),
    ],
)
def test_other_objects_are_errors_with_their_name(data, message):
    with pytest.raises(NotAPicture, match=message) as caught:
        read_pickle(data)
    assert caught.value.hint


@pytest.mark.parametrize("dtype", [np.float32, object, "U3", "M8[s]", [("a", "u1")]])
def test_only_integer_arrays_are_read(dtype):
    with pytest.raises((DamagedPicture, NotAPicture)):
        read_pickle(pickle.dumps({"data": np.zeros(3, dtype)}))


@pytest.mark.parametrize("length", [0, 1, 2, 10, 60, 120])
def test_a_truncated_pickle_is_damaged(length):
    with pytest.raises(DamagedPicture, match="damaged"):
        read_pickle(pickle.dumps({"data": PIXELS})[:length])


@pytest.mark.parametrize("start", [b"", b"\x80", b"\x89P", b"\xff\xd8", b"PK", b"\x1f\x8b"])
def test_other_files_are_not_pickles(start):
    assert not begins_pickle(start)
