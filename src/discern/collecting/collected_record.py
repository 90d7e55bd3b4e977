"""Records of what was collected, as kept beside the pictures."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class CollectedPicture:
    """Picture that was collected.

    Attributes:
        file: its path in the collection, with "/".
        group: group of pictures that are not independent, such as the film that a frame is from; "" for none.
        part: "train", "validation" or "test" if its source says so; else "".
        url: address that sent it, after redirects; "" for none.
        seconds: time in its film; None for none.
        date: time of the download, ISO 8601 in UTC; "" for none.
        sha256: digest of the file.
        license: licence as its source states it; "" if it states none.
    """

    file: str
    group: str = ""
    part: str = ""
    url: str = ""
    seconds: float | None = None
    date: str = ""
    sha256: str = ""
    license: str = ""


@dataclass(frozen=True, kw_only=True)
class CollectedRecord:
    """Outcome of one source: a film, or an address.

    Attributes:
        key: identifies the source among all of the collection.
        source: the source as the user knows it.
        label: label of its pictures; "" for none.
        settings: settings that the outcome depends on.
        pictures: pictures that were kept.
        left_out: number of pictures that were left out, by reason.
        failure: reason why the source could not be used, and ""; for those that could.
        message: sentence that explains the failure.
        is_temporary: whether another attempt may succeed.
    """

    key: str
    source: str
    label: str = ""
    settings: str = ""
    pictures: tuple[CollectedPicture, ...] = ()
    left_out: Mapping[str, int] = field(default_factory=dict)
    failure: str = ""
    message: str = ""
    is_temporary: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the record as a JSON-serialisable dictionary without empty values."""
        pictures = [
            {name: value for name, value in asdict(each).items() if value not in ("", None)} for each in self.pictures
        ]
        values: dict[str, Any] = {"source": self.source, "label": self.label, "settings": self.settings}
        values["pictures"] = pictures
        values |= {"left_out": dict(self.left_out), "failure": self.failure, "message": self.message}
        values["is_temporary"] = self.is_temporary
        return {"key": self.key} | {name: value for name, value in values.items() if value}

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read a record.

        Raises:
            ValueError: it is not one.
        """
        try:
            pictures = tuple(CollectedPicture(**each) for each in value.get("pictures", ()))
            record = cls(**value | {"pictures": pictures})
        except (TypeError, AttributeError) as error:
            raise ValueError("not a record of a collection") from error
        if not isinstance(record.key, str) or not all(isinstance(each.file, str) for each in pictures):
            raise ValueError("not a record of a collection")
        return record
