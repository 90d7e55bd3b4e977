"""HTML reports on a data set, its findings and a trained classifier, written for non-specialists."""

from discern.reporting.page import write_data_page, write_report
from discern.reporting.sections.prediction_table import PredictionTable

__all__ = ["PredictionTable", "write_data_page", "write_report"]
