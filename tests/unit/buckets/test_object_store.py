"""The seam of object stores: the contract holds for the store in memory that the tests above it use."""

from discern.buckets.object_store import ObjectStore
from discern.buckets.testing import ObjectStoreContract
from tests.unit.buckets.memory_store import MemoryStore


class TestMemoryStore(ObjectStoreContract):
    def store(self) -> ObjectStore:
        return MemoryStore()
