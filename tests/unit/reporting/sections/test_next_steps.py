"""Next steps: concrete, few, the most useful first."""

from discern.evaluating import Metrics
from discern.reporting.sections.next_steps import MAX_STEPS, next_steps
from tests.unit.reporting.factories import classification_json, extras_for, interval_json, policy_for

GOOD = {"accuracy": {"leak_free": interval_json(0.9, 0.87, 0.93)}}
LABELS = ("ash", "birch", "cedar")


def steps(metrics: dict, findings: dict | None = None, anchors: dict | None = None) -> list[tuple[str, str, str]]:
    return [
        (step.title, step.text.replace("\N{NO-BREAK SPACE}", " "), step.anchor)
        for step in next_steps(Metrics.from_json(GOOD | metrics), findings or {}, anchors or {})
    ]


def titles(metrics: dict, findings: dict | None = None) -> list[str]:
    return [title for title, _, _ in steps(metrics, findings)]


def test_without_problems_the_step_is_to_test_it():
    ((title, text, anchor),) = steps({})
    assert title == "Test it on pictures of your own"
    assert "discern evaluate" in text
    assert anchor == ""


def test_there_are_at_most_five_and_the_gravest_come_first():
    metrics = extras_for(LABELS) | {"baselines": {"mean_colour": interval_json(0.89, 0.85, 0.92)}}
    metrics |= {"policy": policy_for(t_accept=None, needed=30)}
    findings = {"label_conflict": 2, "likely_wrong_label": 9, "shortcut": 1, "near_copy": 7, "small_class": 1}
    found = steps(metrics, findings)
    assert len(found) == MAX_STEPS
    assert [title for title, _, _ in found] == [
        "Do not rely on the accuracy yet",
        "Decide on 2 pictures with two labels",
        "Review 9 labels that are probably wrong",
        "Add at least 30 independent pictures, so that predictions can be accepted without review",
        "Add pictures: about 30 to 80 of “common ash”",
    ]
    assert "the mean colour alone does about as well" in found[0][1]
    assert found[0][2] == "finding-shortcut"


def test_a_shortcut_asks_for_other_conditions():
    assert steps({}, {"shortcut": 2})[0][2] == "finding-shortcut"


def test_few_groups_ask_for_more():
    found = steps({"accuracy": {"leak_free": interval_json(0.9)}})
    assert "At least 20 scenes" in found[0][1]


def test_the_worst_mix_up_leads_to_its_class():
    confused = [{"truth": "ash", "predicted": "elm", "count": 7, "share": 0.2}]
    ((title, text, anchor),) = steps({"figures": classification_json(confused=confused)}, anchors={"ash": "class-0"})
    assert title == "Compare “ash” with “elm”"
    assert "20.0 % of the first" in text
    assert anchor == "class-0"


def test_a_rare_mix_up_has_no_step():
    confused = [{"truth": "ash", "predicted": "elm", "count": 1, "share": 0.2}]
    assert titles({"figures": classification_json(confused=confused)}, {"near_copy": 12}) == ["Review the 12 findings"]


def test_findings_with_their_own_step_are_not_counted_again():
    assert titles({}, {"near_copy": 12, "label_conflict": 1}) == [
        "Decide on 1 picture with two labels",
        "Review the other 12 findings",
    ]


def test_unevaluated_classes_ask_for_a_second_object():
    assert titles({"split": {"unjudged": ["elm", "oak"]}}) == [
        "Take pictures of a second object or scene of elm and oak"
    ]


def test_a_low_rejection_rate_asks_for_more_negatives():
    gate = extras_for(LABELS)["gate"]
    assert titles({"gate": gate}) == ["Add pictures of none of the classes"]
    assert titles({"gate": gate | {"rejected": interval_json(0.9, 0.8, 0.95)}}) == ["Test it on pictures of your own"]


def test_a_met_limit_and_a_flat_curve_have_no_step():
    curve = extras_for(LABELS)["learning_curve"] | {"flat": True}
    assert titles({"policy": policy_for(), "learning_curve": curve}) == ["Test it on pictures of your own"]


def test_a_mix_up_asks_for_no_pictures_if_the_curve_is_flat():
    confused = [{"truth": "ash", "predicted": "elm", "count": 7, "share": 0.2}]
    metrics = {"figures": classification_json(confused=confused)}
    assert "More pictures of both" in steps(metrics)[0][1]
    assert "More pictures" not in steps(metrics | {"learning_curve": {"flat": True}})[0][1]


def test_the_most_frequent_check_is_named():
    ((_, text, _),) = steps({}, {"exact_copy": 936, "near_copy": 22})
    assert text.startswith("Mostly “Exact copies”.")
    assert steps({}, {"upside_down": 1})[0][1].startswith("All “upside_down”.")
