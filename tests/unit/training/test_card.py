"""The model card: facts of the manifest, valid metadata, and hostile labels that stay text."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discern.bundle import Manifest, Thresholds
from discern.picture import Recipe
from discern.training.card import write_card

HOSTILE = (
    "a: b # c",
    "- [x](http://evil.example) ![i](x)",
    "---\nlicense: mit",
    "</h1><script>alert(1)</script>",
    "| cell | `code` | \\",
    "\u202etxt\u0000\ud800",
    "\"quoted\" 'it' {{x}} %YAML @you",
    "www.evil.example",
)


def interval(value, low=None, high=None, **more) -> dict:
    return {"value": value, "low": low, "high": high, "note": None, **more}


METRICS = {
    "accuracy": {
        "leak_free": interval(0.9391, 0.885, 0.969, method="grouped-cv", estimates="recipe"),
        "naive": interval(0.978, 0.94, 0.99),
    },
    "ece": {"value": 0.024, "null95": 0.043},
    "baselines": {"majority": interval(0.417, 0.32, 0.52)},
    "split": {"method": "grouped-cv", "reason": "The set is small.", "leaks": 3, "unjudged": ["birch"]},
}


def manifest(**changes) -> Manifest:
    facts = {
        "name": "trees",
        "labels": ("ash", "birch"),
        "recipe": Recipe(size=96, resize=110, fit="crop", filter="bicubic", fill=(124, 116, 104)),
        "temperature": 1.2,
        "thresholds": Thresholds(unknown=1.5, false_rejection=0.05),
        "metrics": METRICS,
        "data": {"fingerprint": "f" * 64, "pictures": 1231},
        "backbone": {"name": "lite0", "licence": "Apache-2.0", "pretraining": "ImageNet-1k", "size": 96},
    }
    return Manifest(**(facts | changes))


def front(card: str) -> dict:
    yaml = pytest.importorskip("yaml")
    begin, matter, _ = card.split("---\n", 2)
    assert begin == ""
    return yaml.safe_load(matter)


def html(card: str) -> str:
    markdown = pytest.importorskip("markdown_it")
    return markdown.MarkdownIt("gfm-like", {"linkify": False}).render(card.split("---\n", 2)[2])


def test_the_model_index_has_the_leak_free_accuracy():
    facts = front(write_card(manifest()))
    assert facts["license"] == "apache-2.0"
    assert facts["pipeline_tag"] == "image-classification"
    assert facts["library_name"] == "discern"
    assert facts["metrics"] == ["accuracy"]
    (index,) = facts["model-index"]
    (result,) = index["results"]
    assert index["name"] == "trees"
    assert result["task"] == {"type": "image-classification"}
    assert result["metrics"][0] == {"type": "accuracy", "name": "Accuracy on independent pictures", "value": 0.9391}


@pytest.mark.parametrize(
    ("licence", "said"),
    [
        ("MIT", "weights of the backbone own, under the licence MIT."),
        ("not known", "weights of the backbone own, whose licence is not known: make sure that you may pass them on."),
        ("", "weights of the backbone own."),
    ],
)
def test_the_licence_of_the_weights_is_said(licence, said):
    assert said in write_card(manifest(backbone={"name": "own", "licence": licence}))


def test_an_unknown_licence_is_named():
    facts = front(write_card(manifest(backbone={"name": "own", "licence": "All mine"})))
    assert (facts["license"], facts["license_name"]) == ("other", "All mine")


def test_without_metrics_there_are_no_results():
    card = write_card(manifest(metrics={"accuracy": {"leak_free": interval(None), "naive": None}}))
    assert front(card)["model-index"][0]["results"] == []
    assert "not measured" in card


@pytest.mark.parametrize("label", HOSTILE)
def test_no_label_or_name_breaks_the_front_matter(label):
    card = write_card(manifest(name=label, labels=(label, "ash")))
    facts = front(card)
    assert set(facts) == {"license", "library_name", "pipeline_tag", "tags", "metrics", "model-index"}
    assert facts["license"] == "apache-2.0"
    seen = "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in label).strip()
    assert facts["model-index"][0]["name"] == seen
    card.encode()


@pytest.mark.parametrize("label", HOSTILE)
def test_no_label_or_name_breaks_the_page(label):
    per_class = {label: {"pictures": 7, "groups": 5}, "ash": {"pictures": 9, "groups": 9}}
    names = {"ash": {"name": label, "spoken": "", "route": ""}}
    metrics = METRICS | {"split": METRICS["split"] | {"unjudged": [label]}}
    data = {"fingerprint": "f" * 64, "pictures": 16, "per_class": per_class, "faults": {}}
    card = write_card(manifest(name=label, labels=(label, "ash"), names=names, data=data, metrics=metrics))
    shown = html(card)
    plain = html(write_card(manifest(data=data | {"per_class": {"x": per_class[label], "ash": per_class["ash"]}})))
    for mark in ("<h1", "<h2", "<h3", "<li", "<table", "<tr", "<td", "<hr", "<blockquote", "<pre"):
        assert shown.count(mark) == plain.count(mark), mark
    for mark in ("<a ", "<img", "<script", "<em", "<del"):
        assert mark not in shown


def test_a_label_reads_as_it_is():
    assert "kitchen_sink [old] *new*" in html(write_card(manifest(labels=("kitchen_sink [old] *new*", "b"))))


def test_limits_are_listed():
    card = write_card(manifest())
    assert "Not evaluated, as all pictures of the class are of one group: birch" in card
    assert "The detection of unknown pictures was not measured" in card
    assert "3 pictures were left out of training because they would have leaked" in card
    few = METRICS | {"accuracy": {"leak_free": interval(0.9, method="grouped-cv"), "naive": interval(0.9)}}
    assert "too few independent pictures" in write_card(manifest(metrics=few))


def test_the_accept_policy_has_its_threshold():
    policy = {"sentence": "At most 5 % are wrong.", "share": 0.67, "error": {"value": 0.01, "high": 0.03}}
    card = write_card(manifest(policy=policy, thresholds=Thresholds(unknown=1.5, accept=0.957)))
    assert "the confidence is 95.7% or more. At most 5 % are wrong. 67% of held-out predictions are accepted." in card


def test_a_policy_that_accepts_nothing_says_why():
    policy = {"sentence": "Nothing is accepted: 29 groups are too few.", "share": 0.0, "error": None}
    card = write_card(manifest(policy=policy))
    assert "- **accept**: Nothing is accepted: 29 groups are too few.\n" in card
    assert "never, as no error limit was stated" in write_card(manifest())


def test_optional_metrics_are_listed():
    more = {
        "conformal": {"asked": 0.9, "coverage": interval(0.93, 0.9, 0.95), "size": interval(1.4)},
        "ordered": {"mae": interval(0.2), "constant_mae": interval(0.8), "constant": "birch"},
        "gate": {"rejected": interval(0.97, 0.94, 0.99)},
        "learning_curve": {"sentence": "Twice as many would bring 2 points."},
    }
    card = write_card(manifest(metrics=METRICS | more, ordered=True))
    for words in (
        "90% shall contain the true label; measured: 93.0%",
        "1.40 labels on average",
        "0.20; always predicting birch: 0.80",
        "**Negatives called unknown**: 97.0% (95 % interval 94.0% to 99.0%)",
        "Twice as many would bring 2 points.",
        "the labels are ordered",
    ):
        assert words in card
    assert "was not measured, as no negatives" not in card


def test_the_data_card_counts_classes_groups_findings_and_formats():
    data = {
        "fingerprint": "f" * 64,
        "pictures": 1231,
        "groups": 812,
        "negatives": 494,
        "per_class": {"ash": {"pictures": 1000, "groups": 700}, "birch": {"pictures": 231, "groups": 112}},
        "faults": {"near_copy": 12, "label_conflict": 0},
        "formats": {"JPEG": 1200, "PNG": 31},
    }
    card = write_card(manifest(data=data))
    for words in (
        "1,231 in 812 independent groups",
        "494 pictures of none of the labels",
        "| ash | 1,000 | 700 |",
        "JPEG (1,200), PNG (31)",
        "- near copy: 12",
    ):
        assert words in card
    assert "label conflict" not in card
    assert "## Findings" not in write_card(manifest())
    assert "None." in write_card(manifest(data=data | {"faults": {"near_copy": 0}}))


def test_of_many_classes_the_smallest_are_listed():
    labels = tuple(f"kind {number:03d}" for number in range(131))
    per_class = {label: {"pictures": 500 - place, "groups": 5} for place, label in enumerate(labels)}
    card = write_card(manifest(labels=labels, data={"fingerprint": "f", "pictures": 9, "per_class": per_class}))
    assert "| kind 130 | 370 | 5 |" in card
    assert "| kind 000 |" not in card
    assert "the other 111 have more" in card
    assert "and 111 more" in card
    assert len(card.splitlines()) < 80


def test_the_card_is_reproducible_and_its_values_are_json():
    assert write_card(manifest()) == write_card(manifest())
    line = next(line for line in write_card(manifest()).splitlines() if line.startswith("model-index: "))
    assert json.loads(line.removeprefix("model-index: "))[0]["name"] == "trees"


texts = st.text(min_size=1, max_size=40).filter(lambda text: text.strip() != "")


@settings(deadline=None, max_examples=80)
@given(st.lists(texts, min_size=2, max_size=5, unique=True), texts, texts)
def test_any_labels_leave_the_card_whole(labels, name, licence):
    card = write_card(
        manifest(
            name=name,
            labels=tuple(labels),
            backbone={"name": name, "licence": licence, "pretraining": name},
            data={
                "fingerprint": name,
                "pictures": 3,
                "per_class": {label: {"pictures": 1, "groups": 1} for label in labels},
                "formats": {name: 2},
                "faults": {name: 1},
            },
        )
    )
    facts = front(card)
    assert facts["model-index"][0]["results"][0]["metrics"][0]["value"] == 0.9391
    assert isinstance(facts["model-index"][0]["name"], str)
    shown = html(card)
    assert (shown.count("<h1"), shown.count("<h2"), shown.count("<table")) == (2, 5, 1)
    assert shown.count("<tr") == len(labels) + 1
    assert not any(mark in shown for mark in ("<a ", "<img", "<script", "<blockquote", "<hr", "<pre"))


def test_the_measured_false_rejection_rate_has_its_interval():
    unknown = {"t_unknown": 1.5, "false_rejection": 0.0612, "false_rejection_interval": interval(0.0612, 0.031, 0.117)}
    card = write_card(manifest(metrics=METRICS | {"unknown": unknown}))
    assert (
        "as for about 5% of known pictures. Measured on held-out pictures: 6.1% (95 % interval 3.1% to 11.7%)" in card
    )


def test_the_calibration_error_is_beside_that_of_chance():
    card = write_card(manifest(metrics=METRICS | {"ece": {"value": 0.024, "null95": 0.043, "chance": 0.018}}))
    assert "2.4%; by chance alone up to 4.3%, 1.8% on average" in card
