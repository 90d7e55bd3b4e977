"""Detection of near-duplicate images by registering one image with the other."""
