"""Image embeddings from a pretrained backbone, computed once per picture and cached.

Checking, splitting and training share them.
"""

from discern.features.backbones import (
    DEFAULT_BACKBONE,
    DEFAULT_MIRROR,
    DEFAULT_SIZE,
    GRAPHS,
    HUB_SIZE,
    Backbone,
    ExportedNetwork,
    HubBackbones,
    Normalisation,
    list_exports,
    list_unexported,
    load_backbone,
    read_weights_digest,
    require_trainable,
)
from discern.features.extract import STAGE, extract

__all__ = [
    "DEFAULT_BACKBONE",
    "DEFAULT_MIRROR",
    "DEFAULT_SIZE",
    "GRAPHS",
    "HUB_SIZE",
    "STAGE",
    "Backbone",
    "ExportedNetwork",
    "HubBackbones",
    "Normalisation",
    "extract",
    "list_exports",
    "list_unexported",
    "load_backbone",
    "read_weights_digest",
    "require_trainable",
]
