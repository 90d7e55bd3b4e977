"""Stack of a static site on AWS: bucket and distribution, and the upload of its files."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients, plain_errors
from discern.shipping.aws.account_stack import deploy_stack


def create_site(name: str, folder: Path, *, tags: Mapping[str, str]) -> dict[str, Any]:
    """Create, or update, the stack of a site and upload its files.

    Args:
        name: name of the stack.
        folder: folder with `template.yaml`, `upload.json` and `site/`.
        tags: tags of everything that is created.

    Returns:
        `stack` and the outputs of the stack by name.

    Raises:
        UsageError: AWS refuses, or the stack cannot be created.
    """
    clients = AccountClients()
    outputs = deploy_stack(clients, name, (folder / "template.yaml").read_text(encoding="utf-8"), tags=tags)
    with plain_errors():
        upload_site(clients, folder, outputs["BucketName"])
        clients["cloudfront"].create_invalidation(
            DistributionId=outputs["DistributionId"],
            InvalidationBatch={"Paths": {"Quantity": 1, "Items": ["/*"]}, "CallerReference": _reference(folder)},
        )
    return {"stack": name, **outputs}


def upload_site(clients: AccountClients, folder: Path, bucket: str) -> None:
    """Upload the files of a site with their types and caching, in the order of `upload.json`."""
    client = clients["s3"]
    for each in json.loads((folder / "upload.json").read_text(encoding="utf-8")):
        client.put_object(
            Bucket=bucket,
            Key=each["path"],
            Body=(folder / "site" / each["path"]).read_bytes(),
            ContentType=each["content_type"],
            CacheControl=each["cache_control"],
        )


def _reference(folder: Path) -> str:
    """Return an identifier of the request, which AWS does only once."""
    return f"{folder.name}-{(folder / 'upload.json').stat().st_mtime_ns}"
