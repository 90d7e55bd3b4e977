"""Faults as pictures: gathered by check, capped, with what to do."""

import shutil

import numpy as np

from discern.catalog import scan
from discern.reporting.gallery import Gallery
from discern.reporting.sections.check_descriptions import CHECKS
from discern.reporting.sections.findings_section import SHOWN, Cards, LabelDoubts, describe_findings
from tests.unit.reporting.factories import finding, write_pictures


def readable(catalog, label: str) -> list[int]:
    place = catalog.labels.index(label)
    return [int(row) for row in np.flatnonzero(catalog.label_index == place)]


def test_findings_are_gathered_by_check_in_a_fixed_order(gallery):
    faults = describe_findings(
        [finding("near_copy", 1, 2), finding("wrong_suffix", 3), finding("near_copy", 4, 5)], gallery
    )
    assert [(fault.check, fault.count) for fault in faults] == [("wrong_suffix", 1), ("near_copy", 2)]


def test_a_pair_is_shown_with_paths_and_labels(catalog, gallery):
    first, second = readable(catalog, "ash")[0], readable(catalog, "birch")[0]
    card = describe_findings([finding("label_conflict", first, second)], gallery)[0].cards[0]
    assert [member.label for member in card.members] == ["ash", "birch"]
    assert card.members[0].path.endswith(".png")
    assert all(member.shot.uri for member in card.members)
    assert card.action == "you decide"


def test_what_is_shown_is_capped_and_the_count_is_true(catalog, gallery):
    rows = readable(catalog, "ash")
    fault = describe_findings([finding("exact_copy", rows[0], rows[1])] * 50, gallery)[0]
    assert fault.count == 50
    assert len(fault.cards) == SHOWN


def test_what_is_shown_comes_from_many_classes(catalog, gallery):
    ash, cedar = readable(catalog, "ash"), readable(catalog, "cedar")
    many = [finding("near_copy", ash[0], ash[1])] * 30 + [finding("near_copy", cedar[0], cedar[1])]
    shown = {card.members[0].label for card in describe_findings(many, gallery)[0].cards}
    assert shown == {"ash", "cedar"}


def test_a_large_group_shows_some_members_and_counts_the_rest(catalog, gallery):
    card = describe_findings([finding("large_group", *readable(catalog, "ash"))], gallery)[0].cards[0]
    assert len(card.members) == 6
    assert card.more == 6


def test_a_finding_without_pictures_is_told_in_words(gallery):
    card = describe_findings([finding("small_class", why="small_class: only 3 pictures of 'elm'")], gallery)[0].cards[0]
    assert card.members == ()
    assert card.why == "only 3 pictures of 'elm'"


def test_a_colon_in_a_reason_stays(gallery):
    card = describe_findings([finding("near_copy", 1, 2, why="Agrees: 93 %")], gallery)[0].cards[0]
    assert card.why == "Agrees: 93 %"


def test_a_check_of_tomorrow_is_shown_too(gallery):
    fault = describe_findings([finding("upside_down", 1), finding("near_copy", 1, 2)], gallery)[1]
    assert fault.about.title == "Upside down"


def test_every_check_says_what_it_means_and_what_to_do():
    for check in CHECKS.values():
        assert check.title
        assert check.meaning.endswith(".")
        assert check.remedy.endswith(".")


def test_proposals_are_in_words(gallery):
    faults = describe_findings(
        [finding("exact_copy", 1, 2, action="drop"), finding("near_copy", 1, 2, action="group")], gallery
    )
    assert [fault.cards[0].action for fault in faults] == ["proposed: drop one", "proposed: keep together"]


def test_conflicting_labels_are_for_a_person_to_decide(gallery):
    fault = describe_findings([finding("label_conflict", 1, 2, action="group")], gallery)[0]
    assert fault.cards[0].action == "you decide"


def test_one_picture_is_dropped_and_one_of_two(gallery):
    faults = describe_findings(
        [finding("blank", 1, action="drop"), finding("exact_copy", 1, 2, action="drop")], gallery
    )
    assert [fault.cards[0].action for fault in faults] == ["proposed: drop one", "proposed: drop it"]


def test_a_doubtful_label_stands_beside_both_classes(catalog, gallery):
    row = readable(catalog, "ash")[0]
    found = [finding("likely_wrong_label", row, action="relabel", value="cedar")]
    card = describe_findings(found, gallery, Cards(found, gallery, catalog))[0].cards[0]
    assert (card.members[0].label, card.proposed) == ("ash", "cedar")
    assert [examples.label for examples in card.compared] == ["ash", "cedar"]
    doubted = gallery.small(row)
    assert all(len(examples.shots) == 3 and doubted not in examples.shots for examples in card.compared)


def test_a_class_that_is_not_there_has_no_examples(catalog, gallery):
    found = [finding("likely_wrong_label", 1, action="relabel", value="no such class")]
    card = describe_findings(found, gallery, Cards(found, gallery, catalog))[0].cards[0]
    assert [examples.label for examples in card.compared] == [gallery.label(1)]


def test_a_shortcut_is_a_line_of_a_table(gallery):
    fault = describe_findings([finding("shortcut", why="The file size gives it away.")], gallery)[0]
    assert fault.table
    assert fault.cards[0].strength


def test_doubts_stand_with_both_classes_and_conflicts_come_first(catalog, gallery):
    ash, birch = readable(catalog, "ash"), readable(catalog, "birch")
    found = [
        finding("odd_one_out", ash[3]),
        finding("likely_wrong_label", ash[0], action="relabel", value="birch"),
        finding("label_conflict", ash[1], birch[1]),
        finding("near_copy", ash[4], ash[5]),
    ]
    doubts = LabelDoubts(found, gallery, Cards(found, gallery, catalog))
    assert [len(card.members) for card in doubts.of("ash", 9, side=None)] == [2, 1, 1]
    assert [card.proposed for card in doubts.of("birch", 9, side=None)] == ["", "birch"]
    assert len(doubts.of("ash", 1, side=None)) == 1
    assert doubts.of("cedar", 9, side=None) == ()


def test_copies_of_one_finding_come_last(tmp_path):
    folder = write_pictures(tmp_path / "data", each=6)
    for copy in range(9):
        shutil.copy(folder / "train" / "ash" / "ash-0.png", folder / "train" / "ash" / f"a-copy-{copy}.png")
    catalog = scan(folder, cache=tmp_path / "cache", threads=1)
    gallery = Gallery(catalog, lambda row: np.zeros((8, 8, 3), np.uint8))
    found = [finding("odd_one_out", row) for row in readable(catalog, "ash")]
    first = [card.members[0].path for card in describe_findings(found, gallery)[0].cards][:6]
    assert sum("copy" in path for path in first) == 1
