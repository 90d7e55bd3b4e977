"""Lambda's Runtime API on the loopback interface, and a function that the real runtime client runs against it."""

import json
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

HANDLER = "discern.shipping.lambda_function.handler.handler"
_SECONDS = 300


class RuntimeApi:
    """Runtime API of AWS Lambda, which gives events to one function and takes its answers."""

    def __init__(self) -> None:
        self._events: queue.Queue[bytes | None] = queue.Queue()
        self._answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._count = 0
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

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
        """Return the function's answer to an event.

        Raises:
            FunctionError: the invocation failed, or the function did not start.
        """
        self._count += 1
        self._events.put(json.dumps(event).encode())
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
            "AWS_LAMBDA_RUNTIME_API": self.api.address,
            "LAMBDA_TASK_ROOT": str(task),
            "PYTHONPATH": os.pathsep.join(map(str, (task, *client))),
            **variables,
        }
        # Without -S the packages of the interpreter would stand in for those that the function lacks.
        command = [python, "-S", "-m", "awslambdaric", HANDLER]
        self.process = subprocess.Popen(command, env=environment, cwd=task)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.api.close()

    def __call__(self, event: Any) -> Any:
        """Return the function's answer to an event."""
        return self.api.invoke(event)

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
