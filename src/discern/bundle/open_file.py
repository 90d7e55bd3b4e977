"""Reading of files that a program has opened, such as uploads, within a size limit."""

import inspect
import io
from typing import Any, Protocol, TypeGuard

from discern.errors import EmptyFile, PictureTooLarge, UnreadableFile, UsageError, shorten
from discern.picture import Limits

_CHUNK_BYTES = 1 << 20  # not tuned
_TEXT_MODE_HINT = 'Open the file in binary mode: `open(path, "rb")`.'
_ASYNC_HINT = "Pass `await file.read()`; of a FastAPI upload, its `.file`."


class BinaryFile(Protocol):
    """Protocol of files that are open for reading in binary mode, such as uploads and `io.BytesIO`."""

    def read(self, size: int, /) -> bytes:
        """Read at most the given number of bytes."""


def is_open_file(given: Any) -> TypeGuard[BinaryFile]:
    """Return True if an object has a method `read`."""
    return callable(getattr(given, "read", None)) and not isinstance(given, type)


def read_open_file(file: BinaryFile, limits: Limits) -> bytes:
    """Read a file from its current position to its end, but not more than allowed.

    Raises:
        PictureError: nothing is left to read, too much, or reading fails.
        UsageError: the file is closed, or does not return bytes.
    """
    name = _name(file)
    if isinstance(file, io.TextIOBase):
        raise UsageError(f"{name} is open in text mode.", hint=_TEXT_MODE_HINT)
    if getattr(file, "closed", False) is True:
        raise UsageError(f"{name} is closed.", hint="Pass it while it is open, or pass its path or its content.")
    data = bytearray()
    while len(data) <= limits.max_bytes:
        chunk = _read_chunk(file, name, min(_CHUNK_BYTES, limits.max_bytes + 1 - len(data)))
        if not chunk:
            break
        data += chunk
    if not data:
        raise EmptyFile(f"{name} has nothing left to read.", hint="If it was read before, call its `.seek(0)`.")
    if len(data) > limits.max_bytes:
        raise PictureTooLarge(f"{name} is too large: more than {limits.max_bytes:,} bytes.", hint=limits.byte_remedy)
    return bytes(data)


def _read_chunk(file: BinaryFile, name: str, size: int) -> bytes:
    if inspect.iscoroutinefunction(file.read):
        raise UsageError(f"The `read` of {name} is asynchronous.", hint=_ASYNC_HINT)
    try:
        chunk: object = file.read(size)
    except (TypeError, ValueError) as error:  # of a wrong argument or a file that is not open for reading
        reason = "it is not open for reading" if isinstance(error, io.UnsupportedOperation) else error
        raise UsageError(f"{name} cannot be read: {reason}.", hint="Pass its content as bytes.") from error
    except Exception as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UnreadableFile(f"{name} cannot be read: {reason}.", hint="Open it again, or leave it out.") from error
    if isinstance(chunk, bytes | bytearray | memoryview):
        return bytes(chunk)
    if inspect.isawaitable(chunk):
        if inspect.iscoroutine(chunk):
            chunk.close()
        raise UsageError(f"The `read` of {name} is asynchronous.", hint=_ASYNC_HINT)
    if chunk is None:
        raise UnreadableFile(f"{name} is non-blocking and has no data yet.", hint="Pass its content as bytes.")
    hint = _TEXT_MODE_HINT if isinstance(chunk, str) else "Pass the content of the file as bytes."
    raise UsageError(f"The `read` of {name} returns {type(chunk).__name__}, not bytes.", hint=hint)


def _name(file: object) -> str:
    for name in (getattr(file, "filename", None), getattr(file, "name", None)):
        if isinstance(name, str) and name:
            return f"{type(file).__name__} {shorten(name)!r}"
    return f"The {type(file).__name__}"
