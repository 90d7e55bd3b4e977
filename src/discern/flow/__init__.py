"""Train-from-folder, retrain, promote, roll back; here or on a cluster."""
