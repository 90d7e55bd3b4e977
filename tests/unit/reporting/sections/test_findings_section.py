"""Section on the findings: grouped by check, capped, with remedies."""

import shutil

import numpy as np

from discern.catalog import scan
from discern.reporting.gallery import Gallery
from discern.reporting.sections.check_descriptions import CHECKS
from discern.reporting.sections.findings_section import MAX_CARDS, FindingCards, LabelFindings, describe_findings
from tests.unit.reporting.factories import finding, write_pictures


def readable(catalog, label: str) -> list[int]:
    place = catalog.labels.index(label)
    return [int(row) for row in np.flatnonzero(catalog.label_index == place)]


def test_findings_are_grouped_by_check_in_a_fixed_order(gallery):
    sections = describe_findings(
        [finding("near_copy", 1, 2), finding("wrong_suffix", 3), finding("near_copy", 4, 5)], gallery
    )
    assert [(section.check, section.count) for section in sections] == [("wrong_suffix", 1), ("near_copy", 2)]


def test_a_pair_is_shown_with_paths_and_labels(catalog, gallery):
    first, second = readable(catalog, "ash")[0], readable(catalog, "birch")[0]
    card = describe_findings([finding("label_conflict", first, second)], gallery)[0].cards[0]
    assert [each.label for each in card.pictures] == ["ash", "birch"]
    assert card.pictures[0].path.endswith(".png")
    assert all(each.image.uri for each in card.pictures)
    assert card.action == "you decide"


def test_cards_are_capped_and_the_count_is_not(catalog, gallery):
    rows = readable(catalog, "ash")
    section = describe_findings([finding("exact_copy", rows[0], rows[1])] * 50, gallery)[0]
    assert section.count == 50
    assert len(section.cards) == MAX_CARDS


def test_cards_come_from_many_classes(catalog, gallery):
    ash, cedar = readable(catalog, "ash"), readable(catalog, "cedar")
    many = [finding("near_copy", ash[0], ash[1])] * 30 + [finding("near_copy", cedar[0], cedar[1])]
    shown = {card.pictures[0].label for card in describe_findings(many, gallery)[0].cards}
    assert shown == {"ash", "cedar"}


def test_a_large_group_shows_some_pictures_and_counts_the_rest(catalog, gallery):
    card = describe_findings([finding("large_group", *readable(catalog, "ash"))], gallery)[0].cards[0]
    assert len(card.pictures) == 6
    assert card.more == 6


def test_a_finding_without_pictures_has_its_reason(gallery):
    card = describe_findings([finding("small_class", why="small_class: only 3 pictures of 'elm'")], gallery)[0].cards[0]
    assert card.pictures == ()
    assert card.why == "only 3 pictures of 'elm'"


def test_a_colon_in_a_reason_stays(gallery):
    card = describe_findings([finding("near_copy", 1, 2, why="Agrees: 93 %")], gallery)[0].cards[0]
    assert card.why == "Agrees: 93 %"


def test_an_undescribed_check_is_shown(gallery):
    section = describe_findings([finding("upside_down", 1), finding("near_copy", 1, 2)], gallery)[1]
    assert section.description.title == "Upside down"


def test_every_check_has_a_meaning_and_a_remedy():
    for check in CHECKS.values():
        assert check.title
        assert check.meaning.endswith(".")
        assert check.remedy.endswith(".")


def test_proposed_actions_are_in_words(gallery):
    sections = describe_findings(
        [finding("exact_copy", 1, 2, action="drop"), finding("near_copy", 1, 2, action="group")], gallery
    )
    assert [section.cards[0].action for section in sections] == ["proposed: drop one", "proposed: keep together"]


def test_conflicting_labels_are_for_a_person_to_decide(gallery):
    section = describe_findings([finding("label_conflict", 1, 2, action="group")], gallery)[0]
    assert section.cards[0].action == "you decide"


def test_dropping_names_one_picture_or_one_of_a_pair(gallery):
    sections = describe_findings(
        [finding("blank", 1, action="drop"), finding("exact_copy", 1, 2, action="drop")], gallery
    )
    assert [section.cards[0].action for section in sections] == ["proposed: drop one", "proposed: drop it"]


def test_a_questionable_label_is_compared_with_both_classes(catalog, gallery):
    row = readable(catalog, "ash")[0]
    found = [finding("likely_wrong_label", row, action="relabel", value="cedar")]
    card = describe_findings(found, gallery, FindingCards(found, gallery, catalog))[0].cards[0]
    assert (card.pictures[0].label, card.proposed) == ("ash", "cedar")
    assert [examples.label for examples in card.compared] == ["ash", "cedar"]
    questionable = gallery.thumbnail(row)
    assert all(len(examples.images) == 3 and questionable not in examples.images for examples in card.compared)


def test_a_missing_class_has_no_examples(catalog, gallery):
    found = [finding("likely_wrong_label", 1, action="relabel", value="no such class")]
    card = describe_findings(found, gallery, FindingCards(found, gallery, catalog))[0].cards[0]
    assert [examples.label for examples in card.compared] == [gallery.label(1)]


def test_shortcuts_are_shown_in_a_table(gallery):
    section = describe_findings([finding("shortcut", why="The file size gives it away.")], gallery)[0]
    assert section.table
    assert section.cards[0].strength


def test_label_findings_are_listed_under_both_classes_conflicts_first(catalog, gallery):
    ash, birch = readable(catalog, "ash"), readable(catalog, "birch")
    found = [
        finding("odd_one_out", ash[3]),
        finding("likely_wrong_label", ash[0], action="relabel", value="birch"),
        finding("label_conflict", ash[1], birch[1]),
        finding("near_copy", ash[4], ash[5]),
    ]
    label_findings = LabelFindings(found, gallery, FindingCards(found, gallery, catalog))
    assert [len(card.pictures) for card in label_findings.cards("ash", 9, side=None)] == [2, 1, 1]
    assert [card.proposed for card in label_findings.cards("birch", 9, side=None)] == ["", "birch"]
    assert len(label_findings.cards("ash", 1, side=None)) == 1
    assert label_findings.cards("cedar", 9, side=None) == ()


def test_copies_of_one_finding_come_last(tmp_path):
    folder = write_pictures(tmp_path / "data", each=6)
    for copy in range(9):
        shutil.copy(folder / "train" / "ash" / "ash-0.png", folder / "train" / "ash" / f"a-copy-{copy}.png")
    catalog = scan(folder, cache=tmp_path / "cache", threads=1)
    gallery = Gallery(catalog, lambda row: np.zeros((8, 8, 3), np.uint8))
    found = [finding("odd_one_out", row) for row in readable(catalog, "ash")]
    first = [card.pictures[0].path for card in describe_findings(found, gallery)[0].cards][:6]
    assert sum("copy" in path for path in first) == 1
