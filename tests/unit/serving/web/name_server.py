"""A name server on loopback, over UDP and TCP, that answers as each test wants."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Answers = Callable[[str, str], list[str] | None]
"""Return the records for a name and a type, as "TYPE DATA"; None to send no answer."""


class NameServer:
    """A name server.

    Attributes:
        answers: its records.
        asked: names and types that it was asked for.
        delay: seconds before each answer.
        truncates: whether answers over UDP are empty and marked as truncated.
    """

    def __init__(self, answers: Answers, *, delay: float = 0, truncates: bool = False) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str]] = []
        self.delay = delay
        self.truncates = truncates
        self.port = 0

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    async def respond(self, data: bytes, *, truncate: bool) -> bytes | None:
        query = dns.message.from_wire(data)
        name, kind = query.question[0].name, dns.rdatatype.to_text(query.question[0].rdtype)
        self.asked.append((name.to_text(omit_final_dot=True), kind))
        records = self.answers(name.to_text(omit_final_dot=True), kind)
        await asyncio.sleep(self.delay)
        if records is None:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.RA
        if truncate:
            response.flags |= dns.flags.TC
            return response.to_wire()
        if records == ["NXDOMAIN"]:
            response.set_rcode(dns.rcode.NXDOMAIN)
            return response.to_wire()
        owner = name
        for record in records:
            found, _, content = record.partition(" ")
            response.answer.append(dns.rrset.from_text(owner, 60, "IN", found, content))
            if found == "CNAME":
                owner = response.answer[-1][0].target
        return response.to_wire(max_size=65_535)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: NameServer) -> None:
        self._server = server
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        async def answer() -> None:
            response = await self._server.respond(data, truncate=self._server.truncates)
            if response is not None:
                self._transport.sendto(response, address)

        task = asyncio.create_task(answer())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def connection_lost(self, error: Exception | None) -> None:
        for task in self._tasks:
            task.cancel()


@asynccontextmanager
async def name_server(answers: Answers, *, delay: float = 0, truncates: bool = False) -> AsyncIterator[NameServer]:
    """Run a name server on one port of UDP and TCP."""
    server = NameServer(answers, delay=delay, truncates=truncates)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        data = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        response = await server.respond(data, truncate=False)
        if response is not None:
            writer.write(len(response).to_bytes(2, "big") + response)
        writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, family=socket.AF_INET)
    server.port = listener.sockets[0].getsockname()[1]
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(server), local_addr=server.address
    )
    try:
        async with listener:
            yield server
    finally:
        transport.close()
