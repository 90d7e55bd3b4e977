"""Out-of-distribution detection by a score and its threshold."""
