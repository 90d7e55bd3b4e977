"""Pretrained, frozen networks that compute the embeddings of images.

They are looked up by name in a registry of sources.
"""

from discern.features.backbones.backbone import Backbone, BackboneOrigin, OnnxBackbone
from discern.features.backbones.backbone_registry import (
    DEFAULT_BACKBONE,
    DEFAULT_MIRROR,
    SOURCES,
    BackboneSource,
    load_backbone,
    require_trainable,
    untrainable,
)
from discern.features.backbones.efficientnet_lite import DEFAULT_SIZE
from discern.features.backbones.exported_networks import ExportedNetwork, list_exports
from discern.features.backbones.hub_backbones import GRAPHS, HUB_SIZE, HubBackbones
from discern.features.backbones.normalisation import Normalisation
from discern.features.backbones.weight_files import list_unexported, read_weights_digest

__all__ = [
    "DEFAULT_BACKBONE",
    "DEFAULT_MIRROR",
    "DEFAULT_SIZE",
    "GRAPHS",
    "HUB_SIZE",
    "SOURCES",
    "Backbone",
    "BackboneOrigin",
    "BackboneSource",
    "ExportedNetwork",
    "HubBackbones",
    "Normalisation",
    "OnnxBackbone",
    "list_exports",
    "list_unexported",
    "load_backbone",
    "read_weights_digest",
    "require_trainable",
    "untrainable",
]
