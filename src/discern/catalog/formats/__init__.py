"""The forms in which pictures come: folders, archives, lists of every kind, batches."""
