"""Listings, files that list pictures: CSV, Parquet, JSON Lines, SageMaker lists and the bin data set's file list."""
