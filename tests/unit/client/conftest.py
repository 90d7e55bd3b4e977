"""Both clients, each as one call."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from discern.bundle import Picture, Prediction
from discern.client import AsyncClient, Client
from discern.errors import PictureError

Ask = Callable[..., Prediction]
AskMany = Callable[..., list[Prediction | PictureError]]


def ask_sync(url: str, picture: Picture = b"x", **options: Any) -> Prediction:
    with Client(url, **options) as client:
        return client(picture)


def ask_async(url: str, picture: Picture = b"x", **options: Any) -> Prediction:
    async def ask() -> Prediction:
        async with AsyncClient(url, **options) as client:
            return await client(picture)

    return asyncio.run(ask())


def ask_many_sync(url: str, pictures: list[Picture], **options: Any) -> list[Prediction | PictureError]:
    with Client(url, **options) as client:
        return list(client.predict(pictures))


def ask_many_async(url: str, pictures: list[Picture], **options: Any) -> list[Prediction | PictureError]:
    async def ask() -> list[Prediction | PictureError]:
        async with AsyncClient(url, **options) as client:
            return [answer async for answer in client.predict(pictures)]

    return asyncio.run(ask())


@pytest.fixture(params=[ask_sync, ask_async], ids=["sync", "async"])
def ask(request: pytest.FixtureRequest) -> Ask:
    return request.param


@pytest.fixture(params=[ask_many_sync, ask_many_async], ids=["sync", "async"])
def ask_many(request: pytest.FixtureRequest) -> AskMany:
    return request.param
