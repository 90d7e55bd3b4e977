"""Commands of Discern in this process, where an account in memory can be seen."""

import io
import json
import shlex
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

from discern.cli import main
from examples.steps import StepFailed


def discern(*arguments: str | Path, partly: bool = False) -> Any:
    """Run a command as a shell would, with --json, and return the object that it prints.

    Args:
        arguments: words of the command.
        partly: whether it may exit with 1, by which a command says that some of its inputs cannot be used.

    Raises:
        StepFailed: it exits with another code than 0.
    """
    words = [str(each) for each in arguments]
    print(f"    $ discern {shlex.join(words)}", flush=True)
    said, errors, code = io.StringIO(), io.StringIO(), 0
    try:
        with redirect_stdout(said), redirect_stderr(errors):
            main([*words, "--json"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    if code and not (partly and code == 1 and said.getvalue()):
        raise StepFailed(f"The command exited with {code}. {errors.getvalue().strip() or said.getvalue().strip()}")
    return json.loads(said.getvalue())
