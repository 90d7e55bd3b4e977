"""Near-copy detection by image registration."""
