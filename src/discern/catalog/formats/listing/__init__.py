"""Readers of listings, which are files that list pictures.

The formats are CSV, Parquet, JSON Lines, SageMaker lists and the bin data set's `file_list.json`.
"""
