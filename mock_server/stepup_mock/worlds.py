"""The worlds of one server, each found by its API keys and by its control key.

The first world is the one that the server was started with: it has the demo users and the SMS webhook, and
whatever names no world is a request to it. The others begin empty. With a state file every further world has
a file of its own beside it and is there again after a restart: users, grants, counters, clock and keys, but,
as in the first world, no inbox, events, limits or faults.
"""

import secrets
from collections.abc import Iterator
from typing import NamedTuple

import stepup_spec
from stepup_mock.access import DEFAULT_API_KEY, hash_key, new_api_key, new_control_key
from stepup_mock.body_reader import BodyReader
from stepup_mock.sqlite_store import sqlite_stores
from stepup_mock.store import OpenStore, WorldRecord
from stepup_mock.validation import Contract
from stepup_mock.world import World

# A world lasts as long as the server, or its state file: whoever creates worlds in a loop meets this bound.
MAX_WORLDS = 256
# Authorization headers whose world is remembered.
_KEPT_HEADERS = 10_000


class TooManyWorlds(Exception):
    """The server holds MAX_WORLDS worlds."""


class WorldKeys(NamedTuple):
    """The keys of a new world."""

    api_key: str
    control_key: str

    def __repr__(self) -> str:
        return "WorldKeys(***)"


class Worlds:
    """All worlds, the first one first. ``control_key`` None leaves the control API off."""

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_API_KEY,
        control_key: str | None = None,
        open_store: OpenStore | None = None,
        reader: BodyReader | None = None,
    ) -> None:
        self.control_enabled = control_key is not None
        self._open_store = open_store or sqlite_stores(None)
        self._reader = reader or BodyReader()
        self._contract = Contract(stepup_spec.find(stepup_spec.OPENAPI))
        self.first = self._open(None, hash_key(api_key.encode()))
        self._all = [self.first]
        self._by_header: dict[bytes, World] = {}
        self._by_control_key: dict[bytes, World] = {}
        if control_key is not None:
            self._by_control_key[hash_key(control_key.encode())] = self.first
        for record in self.first.store.worlds():
            self._add(record)

    def __iter__(self) -> Iterator[World]:
        return iter(self._all)

    def __repr__(self) -> str:
        return f"Worlds({len(self._all)})"

    def of_caller(self, authorization: bytes) -> World:
        """Return the world of an API key; the first world for a key that nobody knows, and for none."""
        world = self._by_header.get(authorization)
        return self._find(authorization) if world is None else world

    def of_control_key(self, key: str) -> World | None:
        """Return the world of a control key, None for an unknown key."""
        # Looked up by hash: the duration of a comparison reveals nothing.
        return self._by_control_key.get(hash_key(key.encode()))

    def create(self) -> WorldKeys:
        """Create an empty world; raises TooManyWorlds."""
        if len(self._all) >= MAX_WORLDS:
            raise TooManyWorlds
        keys = WorldKeys(new_api_key(), new_control_key())
        world_id = secrets.token_hex(8)
        record = WorldRecord(world_id, hash_key(keys.api_key.encode()), hash_key(keys.control_key.encode()))
        self._add(record)
        self.first.store.add_world(record)
        return keys

    def sweep(self) -> None:
        """Delete what has expired, in every world."""
        for world in self._all:
            world.sweep()

    def close_feeds(self) -> None:
        """End all watchers' streams."""
        for world in self._all:
            world.feed.close()

    def close(self) -> None:
        """Release what the worlds hold open."""
        for world in self._all:
            world.close()

    def _open(self, world_id: str | None, api_key_hash: bytes) -> World:
        return World(
            self._open_store(world_id),
            api_key_hash=api_key_hash,
            contract=self._contract,
            reader=self._reader,
        )

    def _add(self, record: WorldRecord) -> None:
        world = self._open(record.world_id, record.api_key_hash)
        self._all.append(world)
        self._by_control_key[record.control_key_hash] = world

    def _find(self, authorization: bytes) -> World:
        # Under any scheme: which schemes are accepted is for the world to say.
        _, _, key = authorization.partition(b" ")
        key_hash = hash_key(key.strip())
        for world in self._all:
            if key_hash in world.api_keys:
                if len(self._by_header) < _KEPT_HEADERS:
                    self._by_header[authorization] = world
                return world
        return self.first
