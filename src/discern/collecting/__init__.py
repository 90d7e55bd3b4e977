"""Collection of pictures into a labelled folder, from films, lists of addresses and published data sets."""
