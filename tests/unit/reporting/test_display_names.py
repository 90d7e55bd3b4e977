"""Names of labels."""

from discern.evaluating import Metrics
from discern.reporting.display_names import Names
from tests.unit.reporting.factories import HOSTILE


def names_of(**names) -> Names:
    return Names.of({label: {"name": name, "spoken": "", "route": ""} for label, name in names.items()})


def test_a_name_stands_before_its_label():
    names = names_of(n03394916="oboe")
    assert names.say("n03394916") == "oboe"
    assert names.show("n03394916") == '<bdi>oboe</bdi> <bdi class="code">n03394916</bdi>'


def test_a_label_without_a_name_stands_alone():
    for names in (
        names_of(),
        names_of(ash=""),
        names_of(ash="ash"),
        names_of(ash="  "),
        Names.of(Metrics.from_json({"names": None}).names),
    ):
        assert names.say("ash") == "ash"
        assert names.show("ash") == "<bdi>ash</bdi>"


def test_names_and_labels_are_escaped():
    names = names_of(**{HOSTILE: "<b>"})
    assert "<script>" not in names.show(HOSTILE)
    assert names.show(HOSTILE).startswith("<bdi>&lt;b&gt;</bdi>")
