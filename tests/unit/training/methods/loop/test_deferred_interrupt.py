"""Interrupts that wait until the work can be saved. Real signals are sent to this process."""

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest

from discern.training.methods.loop.deferred_interrupt import DeferredInterrupt


class Failed(Exception):
    pass


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    """Let the signals raise KeyboardInterrupt, as the command line does."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, signal.default_int_handler) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


def send(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # Python handles it before the next instruction


def interrupted(*numbers: int, pending: list[bool]) -> None:
    """Note what is pending before the signals and after them."""
    with DeferredInterrupt() as interrupt:
        pending.append(interrupt.pending)
        for number in numbers:
            send(number)
        pending.append(interrupt.pending)


def fail_after_an_interrupt() -> None:
    with DeferredInterrupt():
        send()
        raise Failed


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_interrupt_is_noted_and_raised_at_the_end(number: int) -> None:
    pending: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(number, pending=pending)
    assert pending == [False, True]


def test_the_second_interrupt_is_raised_at_once() -> None:
    pending: list[bool] = []
    with pytest.raises(KeyboardInterrupt):
        interrupted(signal.SIGINT, signal.SIGINT, pending=pending)
    assert pending == [False]


def test_afterwards_interrupts_are_raised_as_before() -> None:
    with DeferredInterrupt():
        pass
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt):
        send()


def test_an_error_is_not_replaced_by_the_interrupt() -> None:
    with pytest.raises(Failed):
        fail_after_an_interrupt()


def test_signals_with_a_handler_of_their_own_keep_it() -> None:
    seen = []
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    with DeferredInterrupt() as interrupt:
        send(signal.SIGTERM)
        assert not interrupt.pending
    assert seen == [signal.SIGTERM]


def test_other_threads_do_nothing_to_signals() -> None:
    found = []

    def work() -> None:
        with DeferredInterrupt():
            found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
