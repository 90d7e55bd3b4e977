"""What the backbone sees in each picture, computed once per content and kept.

Checking, splitting, training and watching share it.
"""

from discern.features.backbones import Backbone, load_backbone

__all__ = ["Backbone", "load_backbone"]
