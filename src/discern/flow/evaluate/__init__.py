"""Evaluation of model bundles and servers on labelled pictures."""
