"""Tags and quoted texts in templates of CloudFormation, and in the commands that deploy them by hand."""

import json
import shlex
from collections.abc import Mapping
from textwrap import indent


def quote_yaml(text: str) -> str:
    """Return a text as a quoted YAML scalar, which JSON's form is as well."""
    return json.dumps(text)


def yaml_tags(tags: Mapping[str, str], *, spaces: int) -> str:
    """Return tags as a YAML list, indented by some spaces."""
    rows = (f"- Key: {name}\n  Value: {quote_yaml(value)}" for name, value in tags.items())
    return indent("\n".join(rows), " " * spaces)


def tag_arguments(tags: Mapping[str, str]) -> str:
    """Return tags as arguments of AWS's command line, quoted for a shell.

    >>> tag_arguments({"discern:bundle": "ripe bananas", "discern:fingerprint": "12ab"})
    "'discern:bundle=ripe bananas' discern:fingerprint=12ab"
    """
    return shlex.join(f"{name}={value}" for name, value in tags.items())
