"""The API over HTTP: typed answers by subject, and errors that say what a person can do."""

from dataclasses import dataclass
from functools import cached_property

import httpx

from finguard.dashboard.client.accounts import Accounts
from finguard.dashboard.client.alerts import Alerts
from finguard.dashboard.client.customers import Customers
from finguard.dashboard.client.http import LIMITS as LIMITS
from finguard.dashboard.client.http import TIMEOUT as TIMEOUT
from finguard.dashboard.client.http import Connection
from finguard.dashboard.client.letters import Letters
from finguard.dashboard.client.rules import RuleBook
from finguard.dashboard.client.statistics import Statistics
from finguard.dashboard.client.system import System
from finguard.dashboard.client.triage import Triage


@dataclass(frozen=True)
class ApiClient:
    """The API as the owner of a token sees it: one attribute a subject.

    Attributes:
        http: with the API's address as its base.
        token: sent with every call; empty before the login.
    """

    http: httpx.Client
    token: str = ""

    def with_token(self, token: str) -> "ApiClient":
        """The same API, as seen by the owner of a token."""
        return ApiClient(self.http, token)

    @cached_property
    def accounts(self) -> Accounts:
        """Signing in and out, and who one is."""
        return Accounts(self._connection)

    @cached_property
    def alerts(self) -> Alerts:
        """What the rules found."""
        return Alerts(self._connection)

    @cached_property
    def letters(self) -> Letters:
        """What was no transaction."""
        return Letters(self._connection)

    @cached_property
    def customers(self) -> Customers:
        """Whose transactions these are."""
        return Customers(self._connection)

    @cached_property
    def triage(self) -> Triage:
        """What analysts make of it."""
        return Triage(self._connection)

    @cached_property
    def statistics(self) -> Statistics:
        """How much of it."""
        return Statistics(self._connection)

    @cached_property
    def rules(self) -> RuleBook:
        """What transactions are judged by."""
        return RuleBook(self._connection)

    @cached_property
    def system(self) -> System:
        """What runs, and who changed what."""
        return System(self._connection)

    @cached_property
    def _connection(self) -> Connection:
        return Connection(self.http, self.token)
