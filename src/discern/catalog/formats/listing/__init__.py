"""Lists that name pictures: CSV, Parquet, JSON lines, SageMaker's lists and the bins' file list."""
