"""Labels of pictures: from the folders they lie in, from lists among them, or from the source itself."""
