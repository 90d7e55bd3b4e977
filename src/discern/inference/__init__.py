"""One answer for every door without a web framework: batching, model registry, localisation, JSON, status codes."""

from discern.inference.batcher import BatchConfig, Batcher, BatchResult
from discern.inference.localisation import Localisation, Place, localise
from discern.inference.model_info import describe_model
from discern.inference.model_registry import ModelRegistry, ServedModel

__all__ = [
    "BatchConfig",
    "BatchResult",
    "Batcher",
    "Localisation",
    "ModelRegistry",
    "Place",
    "ServedModel",
    "describe_model",
    "localise",
]
