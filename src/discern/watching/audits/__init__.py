"""Functions that draw exchanges for an audit, and measure accuracy and the accept policy from their labels."""
