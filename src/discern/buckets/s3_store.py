"""Buckets of S3, and of servers that speak its protocol, as object stores."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients, error_code, plain_errors
from discern.buckets.bucket_address import BucketAddress
from discern.buckets.etags import part_md5, part_size
from discern.buckets.object_store import ObjectFacts, RemoteObject
from discern.errors import CatalogError, UsageError
from discern.parallel import ThreadExecutor, map_in_order

_INSTALL = "Install them with: pip install boto3 obstore"
_PART_BYTES = "discern-part-bytes"  # name of metadata
_OLD_REGION = "us-east-1"  # where a client without a region begins; the bucket names its own
_ATTEMPTS = 5  # of each read, beside those of the client library
_PART_THREADS = 8  # not tuned: some parts in flight, and 128 MiB of memory
_MISSING_BUCKET = {"NoSuchBucket", "404"}
# Not tuned. A stalled transfer ends after the time of a read; a slow one may take as long as it moves.
_CONNECT, _STALLED, _WHOLE = timedelta(seconds=5), timedelta(seconds=20), timedelta(minutes=10)
_ASK_AGAIN = timedelta(minutes=5)  # for credentials, which boto3 renews a quarter of an hour before they end
_RETRIES = {"max_retries": 8, "retry_timeout": timedelta(minutes=2)}


class S3Store:
    """Bucket of S3, or of a server that speaks its protocol (`AWS_ENDPOINT_URL`).

    boto3 finds credentials and region, lists, and writes large files in parts that can be resumed; obstore moves small
    objects, which takes a fraction of boto3's processor time (`benchmarks/bucket_transfers.py`).

    Args:
        bucket: its name.

    Raises:
        UsageError: a library is not installed, there are no credentials, or the settings of AWS are invalid.
    """

    def __init__(self, bucket: str) -> None:
        try:
            import obstore  # noqa: F401, PLC0415 - an extra of the installation
        except ImportError as error:
            raise UsageError("Buckets need boto3 and obstore, which are not installed.", hint=_INSTALL) from error
        self._bucket = bucket
        clients = AccountClients(default_region=_OLD_REGION)
        self._client, self._credentials = clients["s3"], clients.credentials
        self._region = clients.region
        self.identity = f"{self._client.meta.endpoint_url}/{bucket}"

    def list(self, prefix: str) -> Iterator[RemoteObject]:
        """Yield the objects whose keys begin with a prefix, in order, as pages arrive."""
        with self._plain():
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
            for page in pages:
                headers = page["ResponseMetadata"]["HTTPHeaders"]
                self._region = headers.get("x-amz-bucket-region") or self._region
                for each in page.get("Contents", ()):
                    yield RemoteObject(each["Key"], each["Size"], each["ETag"].strip('"'))

    def read(self, found: RemoteObject, start: int, end: int) -> bytes:
        """Read the bytes from `start` to `end` of an object."""
        for attempt in range(_ATTEMPTS):
            try:
                data = self._read_once(found, start, end)
            except UsageError:
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                if len(data) == end - start:
                    return data
            time.sleep(0.1 * 2**attempt)
        raise self._failed(found.key, "the connection ended too early")

    def write(self, key: str, data: bytes) -> None:
        """Write an object, which appears complete or not at all."""
        if _is_plain(key):
            import obstore  # noqa: PLC0415 - an extra of the installation

            with self._plain(key):
                obstore.put(self._objects, key, data, use_multipart=False)
        else:
            with self._plain(key):
                self._client.put_object(Bucket=self._bucket, Key=key, Body=data)

    def write_file(self, key: str, path: Path, report: Callable[[int], None]) -> None:
        """Write a large file in parts; parts that an interrupted call has written are used again."""
        size = path.stat().st_size
        length = part_size(size)
        with self._plain(key), path.open("rb") as file, ThreadExecutor(_PART_THREADS) as executor:
            upload, there = self._find_upload(key, length)
            write = partial(self._write_part, key, upload, there)
            parts = enumerate(iter(lambda: file.read(length), b""), 1)
            done = []
            for number, (etag, written) in enumerate(
                map_in_order(write, parts, executor=executor, window=_PART_THREADS), 1
            ):
                done.append({"PartNumber": number, "ETag": etag})
                report(written)
            self._client.complete_multipart_upload(
                Bucket=self._bucket, Key=key, UploadId=upload, MultipartUpload={"Parts": done}
            )

    def remove(self, key: str) -> None:
        """Remove an object; one that is not there is passed over. A bucket with versions keeps the earlier ones."""
        with self._plain(key):
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def describe(self, found: RemoteObject) -> ObjectFacts:
        """Ask for what helps to compare an object with a copy when its ETag alone does not."""
        where = {"Bucket": self._bucket, "Key": found.key, "IfMatch": f'"{found.etag}"'}
        with self._plain(found.key):
            facts = self._client.head_object(**where)
            noted = facts["Metadata"].get(_PART_BYTES, "")
            part_bytes = int(noted) if noted.isdecimal() and int(noted) else None
            if part_bytes is None and "-" in found.etag:
                with suppress_code("400", "405", "416", "501"):  # of servers that do not know parts
                    first = self._client.head_object(**where, PartNumber=1)
                    part_bytes = first["ContentLength"] if "PartsCount" in first else None
        return ObjectFacts(
            part_bytes=part_bytes,
            is_encrypted="SSECustomerAlgorithm" in facts or "kms" in facts.get("ServerSideEncryption", ""),
        )

    @cached_property
    def _objects(self) -> Any:
        """Store of obstore for the endpoint and the region that boto3 has found."""
        from obstore.store import S3Store as Objects  # noqa: PLC0415 - an extra of the installation

        endpoint = str(self._client.meta.endpoint_url)
        return Objects(
            self._bucket,
            region=self._region,
            endpoint=None if endpoint.endswith((".amazonaws.com", ".amazonaws.com.cn")) else endpoint,
            credential_provider=self._frozen_credentials,
            client_options={
                "allow_http": endpoint.startswith("http://"),
                "connect_timeout": _CONNECT,
                "read_timeout": _STALLED,
                "timeout": _WHOLE,
                **_own_authority(),
            },
            retry_config=_RETRIES,
        )

    def _frozen_credentials(self) -> Any:
        frozen = self._credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + _ASK_AGAIN,
        }

    def _read_once(self, found: RemoteObject, start: int, end: int) -> bytes:
        with self._plain(found.key):
            if not _is_plain(found.key):
                where = {"Bucket": self._bucket, "Key": found.key, "IfMatch": f'"{found.etag}"'}
                span = {} if start == end else {"Range": f"bytes={start}-{end - 1}"}
                return bytes(self._client.get_object(**where, **span)["Body"].read())
            import obstore  # noqa: PLC0415 - an extra of the installation

            options = {"if_match": f'"{found.etag}"'}
            if (start, end) != (0, found.size):
                options["range"] = (start, end)  # type: ignore[assignment]
            return bytes(obstore.get(self._objects, found.key, options=options).bytes())

    def _find_upload(self, key: str, length: int) -> tuple[str, dict[int, str]]:
        """Return an unfinished upload of this key with the ETag of each part, or a new one."""
        ids = []
        with suppress_code("AccessDenied", "NotImplemented", "MethodNotAllowed"):  # then nothing is resumed
            found = self._client.list_multipart_uploads(Bucket=self._bucket, Prefix=key)
            ids = [each["UploadId"] for each in found.get("Uploads", ()) if each["Key"] == key]
        for upload in reversed(ids):
            with suppress_code("NoSuchUpload", "AccessDenied"):
                pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload)
                return upload, {
                    part["PartNumber"]: part["ETag"].strip('"') for page in pages for part in page.get("Parts", ())
                }
        created = self._client.create_multipart_upload(
            Bucket=self._bucket, Key=key, Metadata={_PART_BYTES: str(length)}
        )
        return created["UploadId"], {}

    def _write_part(self, key: str, upload: str, there: dict[int, str], part: tuple[int, bytes]) -> tuple[str, int]:
        number, data = part
        etag = there.get(number)
        if etag is None or etag != part_md5(data):
            etag = self._client.upload_part(
                Bucket=self._bucket, Key=key, UploadId=upload, PartNumber=number, Body=data
            )["ETag"].strip('"')
        return etag, len(data)

    @contextmanager
    def _plain(self, key: str | None = None) -> Iterator[None]:
        """Convert the errors of both libraries to messages that name cause and remedy."""
        from botocore.exceptions import ClientError  # noqa: PLC0415 - an extra of the installation
        from obstore import exceptions as failures  # noqa: PLC0415

        address = BucketAddress(self._bucket, key or "")
        try:
            with plain_errors():
                try:
                    yield
                except ClientError as error:
                    if key is None and error_code(error) in _MISSING_BUCKET:
                        raise UsageError(
                            f"There is no bucket {self._bucket!r}.",
                            hint="Check its name, the account and AWS_ENDPOINT_URL.",
                        ) from error
                    if error_code(error) in ("NoSuchKey", "PreconditionFailed", "412"):
                        raise _changed(address) from error
                    raise
        except FileNotFoundError as error:
            raise _changed(address) from error
        except failures.PreconditionError as error:
            raise _changed(address) from error
        except (failures.PermissionDeniedError, failures.UnauthenticatedError) as error:
            raise UsageError(
                f"The credentials do not permit access to {address}.", hint="Ask for that permission."
            ) from error
        except failures.BaseError as error:
            raise self._failed(key, _reason(error)) from error

    def _failed(self, key: str | None, reason: str) -> UsageError:
        return UsageError(
            f"The transfer of {BucketAddress(self._bucket, key or '')} failed: {reason}.",
            hint="Check the network, and run the command again: it continues where it stopped.",
        )


@contextmanager
def suppress_code(*codes: str) -> Iterator[None]:
    """Context manager that ends at an answer of AWS with one of these codes, without an error."""
    from botocore.exceptions import ClientError  # noqa: PLC0415 - an extra of the installation

    try:
        yield
    except ClientError as error:
        if error_code(error) not in codes:
            raise


def _own_authority() -> dict[str, bytes]:
    """Return the certificates that boto3 trusts instead of the usual ones, as an option of obstore."""
    path = os.environ.get("AWS_CA_BUNDLE")
    try:
        return {"root_certificate": Path(path).read_bytes()} if path else {}
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.", hint="Correct AWS_CA_BUNDLE.") from error


def _changed(address: BucketAddress) -> CatalogError:
    return CatalogError(
        f"{address} has changed while it was read.", hint="Run the command again when nothing writes to the bucket."
    )


def _reason(error: Exception) -> str:
    """Return the first sentence of an error of obstore, without the internals that follow it."""
    return " ".join(str(error).split("Debug source:")[0].split()).rstrip(". ")


def _is_plain(key: str) -> bool:
    """Return True for a key that obstore passes on as it is."""
    return key.isprintable() and not any(part in ("", ".", "..") for part in key.split("/"))
