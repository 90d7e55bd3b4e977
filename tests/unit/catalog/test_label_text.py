import unicodedata

import pytest

from discern.catalog.label_text import label_look, normalise_label, show_label, strip_blanks

BLANKS = [" ", "\t", "\r\n", "\0", "\u00a0", "\u3000", "\ufeff", "\u200b", "\u200d", "\u200e", "\u2060", "\u3164"]


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_around_a_label_mean_nothing(blank):
    assert normalise_label(f"{blank}{blank}red apple{blank}") == "red apple"
    assert normalise_label(blank) == ""
    assert strip_blanks(f"{blank}x{blank}") == "x"


def test_both_unicode_forms_are_one_label():
    composed, decomposed = "\u00e9t\u00e9", "e\u0301te\u0301"
    assert normalise_label(decomposed) == normalise_label(composed) == composed
    assert normalise_label("\uac00") == normalise_label(unicodedata.normalize("NFD", "\uac00"))


@pytest.mark.parametrize(
    "label", ["a  b", "a\u00a0b", "Ab", "007", "1.50", "\U0010ff80", "\u2764\ufe0f", "\u06dd1", "½"]
)
def test_other_text_is_unchanged(label):
    assert normalise_label(label) == label


def test_flags_and_joined_letters_keep_their_last_character():
    flag = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
    chillu = "\u0d05\u0d35\u0d28\u0d4d\u200d"
    assert normalise_label(flag) == flag
    assert normalise_label(f" {chillu} ") == chillu
    assert normalise_label(chillu) == chillu


@pytest.mark.parametrize("label", [" e\u0301 ", "\u2000a", "\u0d28\u0d4d\u200d\u200d "])
def test_a_normalised_label_stays_as_it_is(label):
    once = normalise_label(label)
    assert normalise_label(once) == once


@pytest.mark.parametrize("inner", ["\r\n", "\x1b[2J", "\0", "\u2028", "\x85"])
def test_control_characters_within_a_label_become_a_blank(inner):
    expected = "-r [2J=ed" if "[2J" in inner else "-r =ed"
    assert normalise_label(f"-r{inner}=ed") == expected


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        (" a ", "␣a␣"),
        ("a  b", "a␣␣b"),
        ("a\tb", "a\\u0009b"),
        ("a\u200bb", "a\\u200bb"),
        ("a\u200db", "a\\u200db"),
        ("\ufeffa", "\\ufeffa"),
    ],
)
def test_misleading_blanks_are_shown(label, shown):
    assert show_label(label) == shown


@pytest.mark.parametrize(
    "label", ["a b", "é", "猫", "\U0001f468\u200d\U0001f469", "\u0d28\u0d4d\u200d", "\u2764\ufe0f", ""]
)
def test_other_labels_are_shown_as_they_are(label):
    assert show_label(label) == label


def test_labels_that_look_alike_share_their_look():
    assert len({label_look(label) for label in ("Red Apple", "red_apple", "RED  APPLE", "red\u00a0apple")}) == 1
    assert label_look("-1") != label_look("1")
