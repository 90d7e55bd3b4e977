"""Function that lets an interrupted process end with an exit code."""


def forget_interrupt() -> None:
    """Have the process end with its own exit code after an interrupt that was handled.

    CPython remembers an interrupt that came while a string was executed, as `dataclass` does when a module is imported.
    Whatever the exit code, it would then end the process by SIGINT; the next string that is executed makes it forget.
    """
    exec("")  # noqa: S102 - executes nothing
