"""Deployment target that places the page on a static host: a bucket behind CloudFront, or AWS Amplify."""

import json
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from discern.buckets.account_clients import AccountClients
from discern.errors import UsageError
from discern.shipping.plan import Plan, Step
from discern.shipping.ship_target import ShippedBundle
from discern.shipping.site.site_headers import cache_control, describe_files, site_headers
from discern.shipping.template_tags import tag_arguments, yaml_tags

PLACES = ("cloudfront", "amplify")
_TEMPLATES = resources("discern.shipping.site") / "templates"
_PLACEHOLDER = re.compile(r"@([A-Z_]+)@")
_EPOCH = (1980, 1, 1, 0, 0, 0)
_REGULAR_FILE = 0o644 << 16
_AMPLIFY = "Deploy template.yaml in the folder of --out with AWS CloudFormation, and upload site.zip to the branch."
_IN_SECURITY = ("Content-Security-Policy", "Referrer-Policy", "Strict-Transport-Security", "X-Content-Type-Options")


@dataclass(frozen=True, kw_only=True)
class SiteOptions:
    """Options of a static site.

    Attributes:
        api: address of the API that the page calls; None if the browser runs the model.
        place: "cloudfront" or "amplify".
        runtime: npm archive of ONNX Runtime for browsers; None for the cached one, or a download.
        examples: folder of pictures that visitors can try.
        cache: folder of the cache.
        files: content of the exported site's files, by path.

    Raises:
        UsageError: the place is unknown.
    """

    api: str | None = None
    place: str = "cloudfront"
    runtime: Path | None = None
    examples: Path | None = None
    cache: Path | None = None
    files: Mapping[str, bytes] = field(default_factory=dict, metadata={"given": False})

    def __post_init__(self) -> None:
        if self.place not in PLACES:
            raise UsageError(f"Unknown place: {self.place!r}.", hint=f"Use one of: {', '.join(PLACES)}.")


@dataclass(frozen=True)
class SiteTarget:
    """Deployment target that places the page on a static host."""

    name = "site"
    options_type = SiteOptions

    def plan(self, bundle: ShippedBundle, out: Path, options: SiteOptions) -> Plan:
        """Write the site, its template and its headers, and return the plan."""
        files = {name: data for name, data in options.files.items() if name != "_headers"}
        headers = site_headers(files["index.html"], isolated=options.api is None)
        size = sum(map(len, files.values()))
        if options.place == "amplify":
            _write_archive(out / "site.zip", files)
            zipped: int | None = (out / "site.zip").stat().st_size
        else:
            _write_files(out / "site", files)
            (out / "upload.json").write_text(json.dumps(describe_files(files), indent=1) + "\n", encoding="utf-8")
            zipped = None
        (out / "template.yaml").write_text(_template(bundle, options.place, files, headers), encoding="utf-8")
        written = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
        return Plan(
            target=self.name,
            steps=(*_STEPS[options.place], *_api_steps(options.api)),
            files=tuple(written),
            unpacked_bytes=size,
            zipped_bytes=zipped,
            by_hand=_AMPLIFY if options.place == "amplify" else "",
        )

    def require_ready(self, options: SiteOptions) -> None:
        """Check that an account can be called, unless the site is for Amplify."""
        if options.place != "amplify":
            AccountClients().check_credentials()

    def create(self, bundle: ShippedBundle, out: Path, options: SiteOptions) -> dict[str, Any]:
        """Create the stack, upload the site and return its address."""
        # Imported late: only those who use AWS have boto3.
        from discern.shipping.aws.site_stack import create_site  # noqa: PLC0415

        if options.place == "amplify":
            raise UsageError("Discern uploads no site to Amplify itself.", hint=_AMPLIFY)
        return create_site(f"{bundle.resource_name}-site", out, tags=bundle.tags)


_STEPS = {
    "cloudfront": (
        Step("Create a private bucket for the files of the page.", "AWS::S3::Bucket"),
        Step("Deliver them over HTTPS with the headers that the page needs.", "AWS::CloudFront::Distribution"),
        Step("Upload the files with their types and caching, the page last.", "AWS::S3::Object"),
        Step("Remove earlier copies of them from the distribution."),
    ),
    "amplify": (
        Step("Create an app with the headers that the page needs.", "AWS::Amplify::App"),
        Step("Create its branch, and upload site.zip to it.", "AWS::Amplify::Branch"),
    ),
}


def _api_steps(api: str | None) -> tuple[Step, ...]:
    if api is None:
        return ()
    return (Step(f"Allow the address of the page, SiteUrl, as a CORS origin of {api}: `--cors` of the API."),)


def _template(bundle: ShippedBundle, place: str, files: Mapping[str, bytes], headers: Mapping[str, str]) -> str:
    values = {
        "MODEL": bundle.tags["discern:bundle"],
        "ARGUMENTS": tag_arguments(bundle.tags),
        "TAG": bundle.tags["discern:bundle"],
        "NAME": bundle.resource_name,
        "TAGS": yaml_tags(bundle.tags, spaces=8),
        "CSP": json.dumps(headers["Content-Security-Policy"]),
        "CUSTOM": "\n".join(_custom_header(name, value) for name, value in headers.items() if _is_custom(name)),
        "HEADERS": json.dumps(_amplify_headers(files, headers)),
    }
    text = (_TEMPLATES / f"{place}.yaml").read_text(encoding="utf-8")
    return _PLACEHOLDER.sub(lambda found: values[found[1]], text)


def _is_custom(name: str) -> bool:
    return name not in (*_IN_SECURITY, "X-Frame-Options")


def _custom_header(name: str, value: str) -> str:
    indent = " " * 12
    return f"{indent}- Header: {name}\n{indent}  Value: {json.dumps(value)}\n{indent}  Override: true"


def _amplify_headers(files: Mapping[str, bytes], headers: Mapping[str, str]) -> str:
    """Return the headers in the form of Amplify, where the last matching pattern wins."""
    folders = {path.partition("/")[0]: cache_control(path) for path in sorted(files) if "/" in path}
    patterns = {"**": dict(headers) | {"Cache-Control": cache_control("index.html")}}
    patterns |= {
        f"/{folder}/**": {"Cache-Control": caching} for folder, caching in folders.items() if caching != "no-cache"
    }
    lines = ["customHeaders:"]
    for pattern, each in patterns.items():
        lines += [f"  - pattern: {json.dumps(pattern)}", "    headers:"]
        for name, value in each.items():
            lines += [f"      - key: {name}", f"        value: {json.dumps(value)}"]
    return "\n".join(lines) + "\n"


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def _write_archive(path: Path, files: Mapping[str, bytes]) -> None:
    """Write files to an archive whose bytes depend on them alone."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _REGULAR_FILE, 3
            archive.writestr(entry, files[name])
