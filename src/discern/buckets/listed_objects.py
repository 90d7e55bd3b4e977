"""Listing of what lies at an address in a bucket: an object, or a folder of objects, some of them packed in shards."""

from dataclasses import dataclass

from discern.buckets.bucket_address import BucketAddress
from discern.buckets.key_names import local_names
from discern.buckets.object_store import ObjectStore, RemoteObject
from discern.buckets.shards import FOLDER, INDEX, Shard, read_index
from discern.errors import CatalogError
from discern.progress import Progress


@dataclass(frozen=True)
class ListedObjects:
    """Content at an address in a bucket.

    Attributes:
        address: the address.
        is_object: whether it is that of an object, which `files` then holds under its name.
        files: objects by the relative paths of their files, with "/".
        folders: relative paths of folders that are marked in the bucket.
        shards: shards with their objects, whose files are further ones.
    """

    address: BucketAddress
    is_object: bool
    files: dict[str, RemoteObject]
    folders: list[str]
    shards: list[tuple[Shard, RemoteObject]]

    @property
    def bytes(self) -> int:
        """Return the bytes of all objects."""
        return sum(each.size for each in (*self.files.values(), *(found for _, found in self.shards)))


def list_objects(store: ObjectStore, address: BucketAddress, progress: Progress) -> ListedObjects:
    """List an object, or all those below a prefix.

    Raises:
        CatalogError: nothing is there, or its shards are damaged.
        UsageError: the bucket cannot be listed.
    """
    names = dict[str, RemoteObject]()
    for each in store.list(address.prefix):
        names[each.key.removeprefix(address.prefix)] = each
        progress("listing", len(names), None)
    if not names:
        first = next(iter(store.list(address.key)), None) if address.key else None
        if first is None or first.key != address.key:
            raise nothing_at(address)
        return ListedObjects(address, True, {address.name: first}, [], [])  # noqa: FBT003
    shards = _find_shards(store, address, names)
    marked = [name for name, each in names.items() if name.rpartition("/")[2] == "" and not each.size]
    for name in marked:
        del names[name]
    parents = {parent for name in names for parent in _parents(name)}
    for name in [name for name, each in names.items() if name in parents and not each.size]:
        del names[name]
    files = dict(zip(local_names(names), names.values(), strict=True))
    folders = list(local_names(name.rstrip("/") for name in marked if name.strip("/")))
    return ListedObjects(address, False, files, folders, shards)  # noqa: FBT003


def find_shards_above(store: ObjectStore, address: BucketAddress) -> BucketAddress | None:
    """Return the folder above an address whose shards may hold what is there, or None.

    Raises:
        UsageError: the bucket cannot be listed.
    """
    if next(iter(store.list(address.key)), None) is not None:
        return None
    for parent in (*reversed(_parents(address.key)), ""):
        above = BucketAddress(address.bucket, parent)
        if next(iter(store.list(f"{above.prefix}{INDEX}")), None) is not None:
            return above
    return None


def nothing_at(address: BucketAddress) -> CatalogError:
    """Return the error for an address where nothing is."""
    return CatalogError(f"There is nothing at {address}.", hint="Check the name of the bucket and the prefix.")


def _find_shards(
    store: ObjectStore, address: BucketAddress, names: dict[str, RemoteObject]
) -> list[tuple[Shard, RemoteObject]]:
    """Find the shards of an index, and remove what belongs to shards from the names."""
    index = names.get(INDEX)
    if index is None:
        return []
    shards = read_index(store.read(index, 0, index.size), str(address))
    missing = [each.name for each in shards if f"{FOLDER}/{each.name}" not in names]
    if missing:
        raise CatalogError(f"The shard {address}/{FOLDER}/{missing[0]} is missing.", hint="Push the folder again.")
    found = [(each, names[f"{FOLDER}/{each.name}"]) for each in shards]
    for name in [name for name in names if name.startswith(f"{FOLDER}/")]:
        del names[name]
    return found


def _parents(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
