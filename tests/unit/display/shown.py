"""Reading the HTML that a notebook would show."""

from tests.unit.reporting.factories import Page


def read_html(html: str) -> Page:
    """Parse HTML, all of whose elements must be closed."""
    page = Page(html)
    assert page.open == []
    assert "<script" not in html
    return page
