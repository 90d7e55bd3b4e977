"""Out-of-distribution detection by an unknown score and its threshold."""
