"""Functions that evaluate model bundles and servers on labelled images."""
