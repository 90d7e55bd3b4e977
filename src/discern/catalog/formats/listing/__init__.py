"""Readers of listing files (tables of pictures and labels).

The formats are CSV, Parquet, JSON Lines, SageMaker lists and the bin data set's `file_list.json`.
"""
