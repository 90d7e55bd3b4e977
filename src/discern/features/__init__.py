"""What the backbone sees in each picture, computed once per content and kept.

Checking, splitting, training and watching share it.
"""

from discern.features.backbones import DEFAULT_BACKBONE, DEFAULT_MIRROR, DEFAULT_SIZE, Backbone, load_backbone
from discern.features.extract import STAGE, extract

__all__ = ["DEFAULT_BACKBONE", "DEFAULT_MIRROR", "DEFAULT_SIZE", "STAGE", "Backbone", "extract", "load_backbone"]
