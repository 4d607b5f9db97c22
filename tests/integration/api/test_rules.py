"""The rules over the API: as the running detectors tell them in the database."""

import httpx
import msgspec
from psycopg2.extras import Json

from finguard.domain.rules import RuleLimits, terms
from tests.integration.api.test_system import store_detector
from tests.integration.api.world import World

RULES = "/api/v1/rules"
TOLD = [msgspec.to_builtins(each) for each in terms(RuleLimits())]


def test_limits_are_those_of_the_running_detectors(client: httpx.Client, world: World) -> None:
    """Those that have gone silent have no say."""
    store_detector(world, "a", rules=Json(TOLD))
    old = [{**each, "limits": {}} for each in TOLD]
    store_detector(world, "b", rules=Json(old), silent_s=3_600)
    answer = client.get(RULES).raise_for_status().json()
    assert answer["detectors"] == 1
    assert [item["rule"] for item in answer["items"]] == [each["rule"] for each in TOLD]
    for item, each in zip(answer["items"], TOLD, strict=True):
        assert (item["status"], item["version"]) == ("agreed", each["version"])
        assert (item["meaning"], item["limits"]) == (each["meaning"], each["limits"])
        assert item["variants"] == [
            {"version": 1, "limits": each["limits"], "detectors": ["a"]},
        ]


def test_detectors_that_disagree_are_reported(client: httpx.Client, world: World) -> None:
    """As in the middle of a change of settings."""
    store_detector(world, "a", rules=Json(TOLD))
    store_detector(world, "b", rules=None)
    answer = client.get(RULES).raise_for_status().json()
    assert {item["status"] for item in answer["items"]} == {"disagreed"}


def test_without_a_detector_there_are_meanings(client: httpx.Client) -> None:
    """And no limits that nobody applies."""
    answer = client.get(RULES).raise_for_status().json()
    assert answer["detectors"] == 0
    for item in answer["items"]:
        assert item["meaning"]
        assert (item["status"], item["limits"]) == ("not_applied", None)


def test_strangers_are_refused(api: httpx.Client) -> None:
    """What one stays below is not for everybody to know."""
    assert api.get(RULES).status_code == 401
