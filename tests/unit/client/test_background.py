"""The background event loop: interrupts, forks, and programs that end while a client is in use."""

import subprocess
import sys

import pytest

from tests.unit.client.fake_server import GOOD, LONG, serving


def output_of(code: str, url: str = "") -> str:
    """Run a program that imports the client, until it ends by itself, and return what it prints."""
    code = f"import os, signal, socket, sys, threading, time; from discern import Client; {code}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, url], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    return done.stdout.strip()


INTERRUPTED = f"""
mute = socket.create_server(("127.0.0.1", 0))
def interrupt():
    global connection
    connection, _ = mute.accept()
    connection.settimeout({LONG})
    signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
waiting = threading.Thread(target=interrupt)
waiting.start()
try:
    Client(f"http://127.0.0.1:{{mute.getsockname()[1]}}")(b"x")
except KeyboardInterrupt:
    waiting.join()
    while connection.recv(1000): pass
    print("left")
"""

FORKED = """
client = Client(sys.argv[1])
print(client(b"x").label, flush=True)
if child := os.fork():
    os.waitpid(child, 0)
else:
    print(client(b"x").label, len(list(client.predict([b"x"] * 5))), flush=True)
    os._exit(0)
print(client(b"x").label)
"""

LOCKED = """
from discern.client import background
client = Client(sys.argv[1])
held, left = threading.Event(), threading.Event()
def start():
    with background._start_lock:
        held.set()
        left.wait()
threading.Thread(target=start, daemon=True).start()
held.wait()
if child := os.fork():
    print(os.waitpid(child, 0)[1])
else:
    print(client(b"x").label, flush=True)
    os._exit(0)
left.set()
"""

OUTLIVED = """
from concurrent.futures import ThreadPoolExecutor
client = Client(sys.argv[1])
def ask():
    threading.main_thread().join()
    while True:  # until the interpreter shuts down, and usual executors accept no work
        try:
            ThreadPoolExecutor(1).submit(int).result()
            time.sleep(0.01)
        except RuntimeError:
            break
    print(client(os.__file__).label, *(answer.label for answer in client.predict([os.__file__] * 2)))
threading.Thread(target=ask).start()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has other signals")
def test_an_interrupted_request_is_cancelled() -> None:
    assert output_of(INTERRUPTED) == "left"


@pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux")
def test_a_forked_process_has_its_own_connections() -> None:
    with serving(GOOD) as server:
        assert output_of(FORKED, server.url).split() == ["red", "red", "5", "red"]


@pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux")
def test_a_fork_while_another_thread_starts_the_loop_does_not_block() -> None:
    with serving(GOOD) as server:
        assert output_of(LOCKED, server.url).split() == ["red", "0"]


def test_a_thread_that_outlives_the_main_thread_still_gets_answers() -> None:
    with serving(GOOD) as server:
        assert output_of(OUTLIVED, server.url.replace("127.0.0.1", "localhost")) == "red red red"
