"""SVG elements."""

from discern.reporting import charts
from tests.unit.reporting.factories import parse_svg


def test_text_and_attributes_are_escaped():
    element = parse_svg(charts.tag("text", "<b> & co", aria_label='"x" <y>', class_="one", x=1.0, y=None))
    assert element.text == "<b> & co"
    assert element.attrib == {"aria-label": '"x" <y>', "class": "one", "x": "1"}
