"""Token for Kaggle, as its own client reads it; it is only sent to Kaggle, and never stored."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path

from discern.collecting.datasets.archive_download import ArchiveAddress
from discern.errors import UsageError

ADDRESS = "https://www.kaggle.com/api/v1/datasets/download/"
_HINT = (
    "Create one at https://www.kaggle.com/settings, and set KAGGLE_USERNAME and KAGGLE_KEY, or save it as {path}; or "
    "download the archive in a browser, and pass it with --from PATH."
)


def kaggle_address(dataset: str, environment: Mapping[str, str], home: Path) -> ArchiveAddress:
    """Return the address of a data set at Kaggle, with the user's token.

    The token is `KAGGLE_USERNAME` and `KAGGLE_KEY`, or those in `kaggle.json` in `KAGGLE_CONFIG_DIR`, by default
    `~/.kaggle`.

    Args:
        dataset: its owner and name.
        environment: environment variables.
        home: the user's home folder.

    Raises:
        UsageError: there is no token, or it is invalid; its value is not quoted.
    """
    path = Path(environment.get("KAGGLE_CONFIG_DIR") or home / ".kaggle") / "kaggle.json"
    user, key = environment.get("KAGGLE_USERNAME", "").strip(), environment.get("KAGGLE_KEY", "").strip()
    if not (user and key):
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            user, key = stored["username"], stored["key"]
        except OSError as error:
            raise UsageError("Kaggle needs a token, which is not set.", hint=_HINT.format(path=path)) from error
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} contains no token of Kaggle.", hint=_HINT.format(path=path)) from error
    if not (isinstance(user, str) and isinstance(key, str) and f"{user}{key}".isprintable() and ":" not in user):
        raise UsageError("The token of Kaggle contains invalid characters.", hint=_HINT.format(path=path))
    token = base64.b64encode(f"{user}:{key}".encode()).decode()
    return ArchiveAddress(url=f"{ADDRESS}{dataset}", headers={"Authorization": f"Basic {token}"})
