"""Store that keeps states alone, for tests of what is kept there."""

from collections.abc import Callable


class StateStore:
    """States in memory, with the same compare-and-swap as a store of exchanges."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.before_write: Callable[[], None] = lambda: None

    def read_state(self, name: str) -> bytes | None:
        return self.states.get(name)

    def write_state(self, name: str, state: bytes, *, previous: bytes | None) -> bool:
        self.before_write()
        if self.states.get(name) != previous:
            return False
        self.states[name] = state
        return True
