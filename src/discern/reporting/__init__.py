"""HTML reports on a dataset, its findings and a trained classifier, for readers without a background in the field."""

from discern.reporting.page import write_data_page, write_report
from discern.reporting.sections.prediction_table import PredictionTable

__all__ = ["PredictionTable", "write_data_page", "write_report"]
