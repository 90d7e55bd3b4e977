"""Findings and figures become a page that a layman can act on."""

from discern.reporting.page import write_data_page, write_report
from discern.reporting.sections.prediction_table import PredictionTable

__all__ = ["PredictionTable", "write_data_page", "write_report"]
