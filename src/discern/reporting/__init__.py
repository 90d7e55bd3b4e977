"""Findings and figures become a page that a layman can act on."""

from discern.reporting.answers import Answers
from discern.reporting.page import write_data_page, write_report

__all__ = ["Answers", "write_data_page", "write_report"]
