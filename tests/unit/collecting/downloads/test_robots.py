"""Rules of robots.txt as RFC 9309 reads them."""

import pytest

from discern.collecting.downloads.robots import ALLOW_ALL, MAX_BYTES, parse_robots


def allowed(text: str, path: str) -> bool:
    return parse_robots(text.encode()).allows(f"https://shop.example{path}")


GROUPS = """
User-agent: other
Disallow: /

User-Agent: Discern/2.0
user-agent: third
Disallow: /private   # not for programs
Allow: /private/open
Disallow:
Crawl-delay: 2.5

User-agent: *
Disallow: /all
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/", True), ("/private", False), ("/private/x.jpg", False), ("/private/open/x.jpg", True), ("/all", True),
     ("/robots.txt", True)],
)  # fmt: skip
def test_the_group_of_this_program_counts_and_the_longest_rule(path: str, expected: bool) -> None:
    assert allowed(GROUPS, path) is expected


def test_the_delay_is_that_of_the_group_and_bounded() -> None:
    assert parse_robots(GROUPS.encode()).delay == 2.5
    assert parse_robots(b"user-agent: *\ncrawl-delay: 99999").delay == 60
    assert parse_robots(b"user-agent: *\ncrawl-delay: -1").delay == 0


def test_others_follow_the_general_group() -> None:
    assert not parse_robots(GROUPS.encode(), agent="fourth").allows("https://shop.example/all/1.jpg")


def test_several_groups_of_one_program_are_one() -> None:
    text = (
        "user-agent: discern\ndisallow: /a\nsitemap: x\nuser-agent: *\ndisallow: /c\nuser-agent: discern\ndisallow: /b"
    )
    assert [allowed(text, path) for path in ("/a", "/b", "/c")] == [False, False, True]


@pytest.mark.parametrize(
    ("rule", "path", "expected"),
    [
        ("/*.gif$", "/a/b.gif", False),
        ("/*.gif$", "/a/b.gif?x", True),
        ("/a*z", "/abcz/more", False),
        ("/a*z", "/abc", True),
        ("/a$", "/a", False),
        ("/a$", "/ab", True),
        ("/*b*$", "/ab", False),
        ("*/b", "/a/b", False),
        ("/%C3%A4", "/%c3%a4/1", False),
        ("/ä", "/%C3%A4/1", False),
        ("/a?x=1", "/a?x=12", False),
        ("/ab*ab$", "/ab", True),
    ],
)
def test_patterns(rule: str, path: str, expected: bool) -> None:
    assert allowed(f"user-agent: *\ndisallow: {rule}", path) is expected


def test_an_allowing_rule_wins_against_a_forbidding_one_of_its_length() -> None:
    assert allowed("user-agent: *\ndisallow: /a\nallow: /a", "/a")


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\0nothing", b"<html>not rules</html>", b"disallow: /"])
def test_other_content_allows_all(data: bytes) -> None:
    assert parse_robots(data) == ALLOW_ALL


def test_what_follows_the_limit_is_ignored() -> None:
    data = b"user-agent: *\n" + b"#" * MAX_BYTES + b"\ndisallow: /"
    assert parse_robots(data).allows("https://shop.example/")


def test_a_hostile_pattern_ends() -> None:
    """A regular expression would try more ways than there is time for."""
    assert allowed("user-agent: *\ndisallow: /" + "a*" * 2000 + "b", "/" + "a" * 5000)
