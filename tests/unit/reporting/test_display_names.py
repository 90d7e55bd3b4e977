"""Display names of labels."""

from discern.evaluating import Metrics
from discern.reporting.display_names import DisplayNames
from tests.unit.reporting.factories import HOSTILE


def names_of(**names) -> DisplayNames:
    return DisplayNames.from_metrics(
        {label: {"name": name, "spoken": "", "route": ""} for label, name in names.items()}
    )


def test_a_name_stands_before_its_label():
    names = names_of(n03394916="oboe")
    assert names.text("n03394916") == "oboe"
    assert names.html("n03394916") == '<bdi>oboe</bdi> <bdi class="code">n03394916</bdi>'


def test_a_label_without_a_name_stands_alone():
    for names in (
        names_of(),
        names_of(ash=""),
        names_of(ash="ash"),
        names_of(ash="  "),
        DisplayNames.from_metrics(Metrics.from_json({"names": None}).names),
    ):
        assert names.text("ash") == "ash"
        assert names.html("ash") == "<bdi>ash</bdi>"


def test_names_and_labels_are_escaped():
    names = names_of(**{HOSTILE: "<b>"})
    assert "<script>" not in names.html(HOSTILE)
    assert names.html(HOSTILE).startswith("<bdi>&lt;b&gt;</bdi>")
