"""The unknown score: its measures, their combination and its threshold."""
