"""Functions that read label lists, which are tables of image files and class labels.

The formats are CSV, Parquet, JSON Lines, SageMaker lists and the bin data set's `file_list.json`.
"""
