"""HTML reports on a data set, its findings and a trained classifier, written for non-specialists."""

from discern.reporting.evaluation_page import EvaluatedAnswers, write_evaluation_page
from discern.reporting.page import write_data_page, write_report
from discern.reporting.plots.plot_files import write_plots
from discern.reporting.sections.negative_examples import NegativeTable
from discern.reporting.sections.policy_check import MeasuredPolicy
from discern.reporting.sections.prediction_table import PredictionTable

__all__ = [
    "EvaluatedAnswers",
    "MeasuredPolicy",
    "NegativeTable",
    "PredictionTable",
    "write_data_page",
    "write_evaluation_page",
    "write_plots",
    "write_report",
]
