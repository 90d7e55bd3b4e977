"""Labels and parts of pictures, from folders, from listings among them, or from the source itself."""
