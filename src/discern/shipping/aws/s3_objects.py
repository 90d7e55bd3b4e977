"""Objects in S3 buckets."""

from typing import Any

from discern.errors import PictureTooLarge, UnreadableFile

_MISSING = ("NoSuchKey", "NoSuchBucket", "404")


class S3Objects:
    """Store of pictures in S3.

    Args:
        client: client of S3.
        max_bytes: size of the largest object that is read.
    """

    def __init__(self, client: Any, *, max_bytes: int) -> None:
        self._client, self._max_bytes = client, max_bytes

    def read(self, bucket: str, key: str) -> bytes:
        """Read an object.

        Raises:
            PictureTooLarge: it is larger than allowed.
            UnreadableFile: it does not exist or must not be read.
        """
        response = self._call("get_object", bucket, key)
        size = response["ContentLength"]
        if size > self._max_bytes:
            response["Body"].close()
            raise PictureTooLarge(
                f"s3://{bucket}/{key} has {size:,} bytes; at most {self._max_bytes:,} are read.",
                hint="Store a smaller picture.",
            )
        return bytes(response["Body"].read())

    def copy(self, bucket: str, key: str, to: str) -> None:
        """Copy an object to another key in its bucket.

        Raises:
            UnreadableFile: it does not exist, or must not be read or written.
        """
        self._call("copy_object", bucket, to, CopySource={"Bucket": bucket, "Key": key})

    def _call(self, method: str, bucket: str, key: str, **arguments: Any) -> Any:
        try:
            return getattr(self._client, method)(Bucket=bucket, Key=key, **arguments)
        except self._client.exceptions.ClientError as error:
            code = error.response.get("Error", {}).get("Code", "error")
            if code in _MISSING:
                raise UnreadableFile(f"s3://{bucket}/{key} does not exist.", hint="Check bucket and key.") from error
            if code in ("AccessDenied", "403"):
                raise UnreadableFile(
                    f"s3://{bucket}/{key} does not exist, or the function has no access to it.",
                    hint="Check the key, and the bucket in the policy of the function's role.",
                ) from error
            raise
