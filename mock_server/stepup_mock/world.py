"""One world: users, keys, clock, limits, inbox, events, journal and faults that no other world shares."""

from collections.abc import Callable
from dataclasses import replace

import stepup_spec
from stepup_mock.access import DEFAULT_API_KEY, ApiKeys, hash_key
from stepup_mock.audit import AuditLog
from stepup_mock.body_reader import BodyReader
from stepup_mock.client_faults import ClientFaults
from stepup_mock.clock import Clock
from stepup_mock.faults import Faults, Seams
from stepup_mock.feed import Feed
from stepup_mock.inbox import Inbox
from stepup_mock.journal import Journal
from stepup_mock.policy import Limits, Policy, Random
from stepup_mock.product_api import ProductApi
from stepup_mock.sqlite_store import SqliteStore
from stepup_mock.step_up import StepUp
from stepup_mock.store import Store
from stepup_mock.validation import BodySchema, Contract


class World:
    """The state of one world and its product API. ``api_key_hash`` is the hash of the key that stays."""

    def __init__(
        self,
        store: Store | None = None,
        *,
        api_key_hash: bytes | None = None,
        contract: Contract | None = None,
        reader: BodyReader | None = None,
        clock: Clock | None = None,
        random: Random | None = None,
    ) -> None:
        self.store = store or SqliteStore()
        self.clock = clock or Clock()
        self.clock.restore(*self.store.saved_clock())
        self.policy = Policy()
        self.feed = Feed()
        self.inbox = Inbox(self.feed)
        self.audit = AuditLog(self.feed)
        self.journal = Journal(self.clock, self.feed)
        self.client_faults = ClientFaults()
        self.api_keys = ApiKeys(self.store, api_key_hash or hash_key(DEFAULT_API_KEY.encode()))
        self._contract = contract or Contract(stepup_spec.find(stepup_spec.OPENAPI))
        random = random or Random()
        self.step_up = StepUp(self.store, self.inbox, self.policy, random)
        self.api = ProductApi(
            step_up=self.step_up,
            api_keys=self.api_keys,
            audit=self.audit,
            clock=self.clock,
            reader=reader or BodyReader(),
            bodies=self._bodies(),
        )
        self.faults = Faults(self._seams(random))

    def __repr__(self) -> str:
        return "World()"

    def move_clock(self, move: Callable[[Clock], None]) -> None:
        """Apply ``move`` to the clock. What expires on either side of the move has expired for good."""
        self.sweep()
        move(self.clock)
        self.store.save_clock(*self.clock.state)
        self.sweep()
        self.feed.changed("clock")

    def sweep(self) -> None:
        """Delete what has expired."""
        self.step_up.sweep(at=self.clock.now())

    def change_limits(self, changes: dict[str, int]) -> Limits:
        """Change some limits; the names are the fields of Limits."""
        self._set_limits(replace(self.policy.limits, **changes))
        self.feed.changed("limits")
        return self.policy.limits

    def reset(self) -> None:
        """Forget everything but the first key; real time, default limits, no faults."""
        self.faults.enable(())
        self.step_up.forget_everything()
        self._set_limits(Limits())
        self.api_keys.forget_created()
        self.clock.reset()
        self.inbox.messages.clear()
        self.audit.events.clear()
        self.journal.entries.clear()
        self.client_faults.waiting.clear()
        self.feed.changed("reset")

    def close(self) -> None:
        """End the watchers' streams and release the store."""
        self.feed.close()
        self.store.close()

    def _seams(self, random: Random) -> Seams:
        return Seams(
            store=self.store,
            policy=self.policy,
            random=random,
            step_up=self.step_up,
            clock=self.clock,
            inbox=self.inbox,
            audit=self.audit,
            api=self.api,
        )

    def _set_limits(self, limits: Limits) -> None:
        if limits != self.policy.limits:
            self.policy.limits = limits
            self.api.bodies = self._bodies()

    def _bodies(self) -> dict[str, BodySchema]:
        limits = self.policy.limits
        return self._contract.bodies(
            valid_for_seconds={"maximum": limits.max_valid_for_seconds},
            action_type={"maxLength": limits.max_action_type_length},
        )
