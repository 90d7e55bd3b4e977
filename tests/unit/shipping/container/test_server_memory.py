"""Memory stated for a server: rounded up, with something to spare."""

import pytest

from discern.errors import BundleError
from discern.shipping.container.server_memory import ServerMemory, server_memory, stated_memory


def test_a_measured_peak_gets_something_to_spare() -> None:
    assert server_memory(0.262) == ServerMemory(request=512, limit=1280)
    assert server_memory(0.2) == stated_memory(250) == ServerMemory(request=256, limit=1024)


def test_a_memory_that_is_not_measured_must_be_given() -> None:
    with pytest.raises(BundleError, match="cannot be measured") as raised:
        server_memory(None)
    assert "--memory" in raised.value.hint
