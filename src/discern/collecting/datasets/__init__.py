"""Collection of published data sets, from their public places, a mirror or a local copy."""
