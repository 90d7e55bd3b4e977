"""Lambda's Runtime API on the loopback interface, and a function that the real runtime client runs against it."""

import importlib.util
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

from discern.shipping.compiled_modules import compile_modules
from discern.shipping.lambda_function.joined_modules import join_modules
from discern.shipping.package_content import discern_files

HANDLER = "discern.shipping.lambda_function.handler.handler"
PACKAGES = ("numpy", "numpy.libs", "PIL", "pillow.libs", "onnxruntime", "python_multipart")
CLIENT = ("awslambdaric", "runtime_client", "snapshot_restore_py", "simplejson")
BOTO = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3")
_SECONDS = 300


def write_task(folder: Path) -> None:
    """Write a folder like the package, without the bundle: our modules are compiled, and the three packages linked."""
    for name, data in discern_files().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    compile_modules(folder, sys.executable)
    join_modules(folder, str(sys.implementation.cache_tag))
    _link(folder, PACKAGES)


def write_client(folder: Path) -> None:
    """Write a folder like the managed runtime's own: its client, and boto3."""
    _link(folder, (*CLIENT, *BOTO))


def _link(folder: Path, names: Sequence[str]) -> None:
    for name in names:
        home = _site({"numpy.libs": "numpy", "pillow.libs": "PIL"}.get(name, name))
        for path in (home / name, *home.glob(f"{name}.*")):
            if path.exists() and not (folder / path.name).exists():
                (folder / path.name).symlink_to(path)


def _site(name: str) -> Path:
    """Return the folder that a package or module is installed in."""
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    return Path(found.origin).parent.parent if found.submodule_search_locations else Path(found.origin).parent


class RuntimeApi:
    """Runtime API of AWS Lambda, which gives events to one function and takes its answers."""

    def __init__(self) -> None:
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._count, self._one_at_a_time = 0, threading.Lock()
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a body would wait 40 ms for the receipt of its headers

            def do_GET(self) -> None:
                event = api._events.get()
                headers = {
                    "Lambda-Runtime-Aws-Request-Id": f"request-{api._count}",
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:f",
                    "Lambda-Runtime-Deadline-Ms": "9999999999999",
                }
                self._respond(b"" if event is None else event, headers)

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                api._answers.put((self.path.rsplit("/", 1)[1], body))
                self._respond(b"{}", {})

            def _respond(self, body: bytes, headers: Mapping[str, str]) -> None:
                self.send_response(202 if self.command == "POST" else 200)
                for name, value in {**headers, "Content-Type": "application/json"}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = _QuietServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def invoke(self, event: Any) -> Any:
        """Return the function's answer to an event, which may also be the bytes of its JSON text.

        Raises:
            FunctionError: the invocation failed, or the function did not start.
        """
        with self._one_at_a_time:  # as each instance of a function does
            self._count += 1
            self._events.put(event if isinstance(event, bytes) else json.dumps(event).encode())
            kind, answer = self._answers.get(timeout=_SECONDS)
        if kind == "error":
            raise FunctionError(answer["errorType"], answer["errorMessage"])
        return answer

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


class _QuietServer(ThreadingHTTPServer):
    """Server that says nothing about a function that was ended while it waited for an event."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


class FunctionError(Exception):
    """Error of a failed invocation, with its type and message."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind, self.message = kind, message


class RunningFunction:
    """Function in a process of its own, run by awslambdaric.

    Args:
        task: folder with the function's files.
        client: folders with awslambdaric and what the managed runtime adds, such as boto3.
        variables: environment variables of the function.
        python: interpreter.
    """

    def __init__(
        self, task: Path, client: Sequence[Path], variables: Mapping[str, str], *, python: str = sys.executable
    ) -> None:
        self.api = RuntimeApi()
        environment = {
            "PATH": os.environ["PATH"],
            "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",  # selects how the client encodes answers
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": os.pathsep.join(map(str, (task, *client))),
            **variables,
        }
        # Without -S the packages of the interpreter would stand in for those that the function lacks.
        command = [python, "-S", "-m", "awslambdaric", HANDLER]
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the function
        self.process = subprocess.Popen(command, env=environment, cwd=task, stdout=self._log, stderr=self._log)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.api.close()
        self._log.close()

    def __call__(self, event: Any) -> Any:
        """Return the function's answer to an event."""
        return self.api.invoke(event)

    @property
    def log(self) -> str:
        """Return what the function has written to its log."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode(errors="replace")

    @property
    def processor_seconds(self) -> float:
        """Return the processor time that the process has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def peak_bytes(self) -> int:
        """Return the most memory that the process has had."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))) << 10
