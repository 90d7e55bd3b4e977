"""Overlapping parts of one source are one finding, with the way to declare the sources."""

import re

PATHS = [f"a/plate{source}_r{row}_c{column}.png" for source in range(3) for row in range(3) for column in range(3)]
EDGES = [(row, row + 1, "overlap", 0.9) for row in range(26) if row % 9 != 8]
GROUP = [row // 9 for row in range(27)]


def test_all_overlaps_are_one_finding(find):
    (finding,) = find("overlap", ["a"] * 30, edges=EDGES, group=[*GROUP, 3, 4, 5])
    assert finding.rows == tuple(range(27))
    assert finding.action == "keep"
    assert "27 pictures show overlapping parts of 3 sources" in finding.why
    assert "--group-by" in finding.why


def test_names_that_tell_the_source_give_the_pattern(find):
    (finding,) = find("overlap", ["a"] * 27, edges=EDGES, group=GROUP, path=PATHS)
    pattern = re.search(r"--group-by '([^']+)'", finding.why)[1]
    assert {re.search(pattern, path)[1] for path in PATHS} == {"plate0", "plate1", "plate2"}


def test_declared_sources_need_no_advice(find):
    declared = [f"plate {row // 9}" for row in range(27)]
    (finding,) = find("overlap", ["a"] * 27, edges=EDGES, group=GROUP, declared=declared)
    assert "--group-by" not in finding.why


def test_tiles_that_adjoin_are_told_by_their_names(find):
    (finding,) = find("overlap", ["a"] * 27, path=PATHS)
    assert "do not overlap" in finding.why
    assert "--group-by" in finding.why
    assert find("overlap", ["a"] * 27, path=PATHS, declared=["b"] * 27) == []


def test_ordinary_names_are_no_tiles(find):
    assert find("overlap", ["a"] * 40, path=[f"IMG_{n // 10}_{n * 37 % 100}.png" for n in range(40)]) == []
    assert find("overlap", ["a"] * 40) == []
