"""Dead letters over the API: listed, filtered, shown whatever they hold, and counted."""

from base64 import b64decode
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.integration.api.poison import BAD, HOSTILE, KEY, Poison

LETTERS = "/api/v1/dead-letters"
COUNTS = "/api/v1/stats/dead-letters"


def listed(client: httpx.Client, **params: Any) -> list[int]:  # noqa: ANN401 - any parameter
    """Ids of a list, as they come."""
    answer = client.get(LETTERS, params=params).raise_for_status().json()
    return [item["dead_letter_id"] for item in answer["items"]]


def shown(client: httpx.Client, letter: int, **params: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """All on one letter."""
    answer = client.get(f"{LETTERS}/{letter}", params=params).raise_for_status()
    return dict(answer.json())


def test_letters_come_newest_first_page_by_page(desk: httpx.Client, poison: Poison) -> None:
    """Every letter comes once, whatever is buried between two pages."""
    ids = poison.bury(*[BAD] * 7)
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = desk.get(LETTERS, params={"limit": "3", **cursor}).raise_for_status().json()
        seen += [item["dead_letter_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
        poison.bury(BAD)
    assert seen == ids[::-1]


def test_lists_are_filtered(desk: httpx.Client, poison: Poison) -> None:
    """By reason, stage, status and time, each and together; several values mean any of them."""
    schema, amount = poison.bury(BAD, reason="schema") + poison.bury(BAD, reason="amount")
    (rule,) = poison.bury(BAD, reason="rule_failed", stage="rule")
    desk.post(f"{LETTERS}/{amount}/discard", json={"note": "a test"}).raise_for_status()
    assert listed(desk, reason="schema") == [schema]
    assert listed(desk, reason=["schema", "amount"]) == [amount, schema]
    assert listed(desk, stage="rule") == [rule]
    assert listed(desk, status="discarded") == [amount]
    assert listed(desk, status="open", reason="amount") == []
    moments = [shown(desk, letter)["published_at"] for letter in (schema, amount, rule)]
    assert moments == sorted(moments)
    assert listed(desk, **{"from": moments[1]}) == [rule, amount]
    assert listed(desk, **{"from": moments[1], "to": moments[2]}) == [amount]
    assert desk.get(LETTERS, params={"from": moments[1], "to": moments[0]}).status_code == 422


def test_a_letter_says_all_there_is(desk: httpx.Client, poison: Poison) -> None:
    """Where it came from and lies, what is wrong, its message with its headers, its attempts."""
    (letter,) = poison.bury(BAD, reason="amount", detail="the amount is not a finite number")
    file = shown(desk, letter)
    assert file["source"] == {"topic": poison.topic, "partition": 1, "offset": 0}
    assert file["buried_at"]["offset"] == 0
    assert (file["stage"], file["reason"], file["size"]) == ("decode", "amount", len(BAD))
    assert (file["status"], file["attempt"], file["replay"]) == ("open", 1, None)
    assert file["message_status"] == "whole"
    assert file["message"]["key"]["text"] == KEY.decode()
    assert file["message"]["value"]["text"] == BAD.decode()
    headers = {header["name"]: header["value"] for header in file["message"]["headers"]}
    assert headers["traceparent"]["text"] == "00-1"
    assert headers["dlq.reason"]["text"] == "amount"
    assert [attempt["dead_letter_id"] for attempt in file["attempts"]] == [letter]
    assert file["history"] == []


def test_a_hostile_message_is_shown_and_cannot_act(desk: httpx.Client, poison: Poison) -> None:
    """As printable text and as its very bytes, in JSON that no browser takes for a page."""
    lines = "two\nlines \x1b[31m"
    (letter,) = poison.bury(HOSTILE, headers=[("\x1b[31m", HOSTILE), ("b", b"")], detail=lines)
    answer = desk.get(f"{LETTERS}/{letter}")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    file = answer.json()
    value = file["message"]["value"]
    assert value["text"].isprintable()
    assert "\\x1b[2J" in value["text"]
    assert "<script>alert(1)</script> \\x00\\xff" in value["text"]
    assert b64decode(value["base64"]) == HOSTILE
    header = file["message"]["headers"][0]
    assert header["name"] == "\\x1b[31m"
    assert b64decode(header["value"]["base64"]) == HOSTILE
    assert file["detail"] == "two\\nlines \\x1b[31m"


def test_a_large_message_is_shown_in_part(desk: httpx.Client, poison: Poison) -> None:
    """So many bytes as were asked for, 64 KiB unless said otherwise; its size is told."""
    large = bytes(range(256)) * 3_900
    (letter,) = poison.bury(large)
    value = shown(desk, letter)["message"]["value"]
    assert (value["size"], value["cut"]) == (len(large), True)
    assert b64decode(value["base64"]) == large[:65_536]
    value = shown(desk, letter, max_bytes=1_048_576)["message"]["value"]
    assert (b64decode(value["base64"]), value["cut"]) == (large, False)
    file = shown(desk, letter, max_bytes=0)
    assert file["message"]["value"] == {"size": len(large), "text": "", "base64": "", "cut": True}
    assert file["message_status"] == "whole"


def test_many_headers_are_shown_in_part(desk: httpx.Client, poison: Poison) -> None:
    """A stranger's thousand headers do not crowd out what FinGuard says of the message."""
    (letter,) = poison.bury(BAD, headers=[(f"h{n}", b"v" * 2_000) for n in range(200)])
    message = shown(desk, letter)["message"]
    names = [header["name"] for header in message["headers"]]
    assert message["header_count"] > 200
    assert "h99" in names
    assert "h100" not in names
    assert "dlq.reason" in names
    assert message["headers"][0]["value"]["size"] == 2_000
    assert message["headers"][0]["value"]["cut"]


def test_a_message_that_was_cut_says_so(desk: httpx.Client, poison: Poison) -> None:
    """Only its begin was kept, and its original has gone."""
    (letter,) = poison.bury(b"x" * 600_000, is_in_topic=False)
    file = shown(desk, letter)
    assert (file["message_status"], file["size"]) == ("cut", 600_000)
    assert file["message"]["value"]["size"] == 512 * 1024


def test_a_message_that_is_gone_leaves_its_letter(desk: httpx.Client, poison: Poison) -> None:
    """The rest is shown."""
    (letter,) = poison.bury(BAD)
    poison.expire()
    file = shown(desk, letter)
    assert (file["message_status"], file["message"]) == ("gone", None)
    assert file["reason"] == "schema"


@pytest.mark.parametrize("letter", ["0", "-1", "x", str(2**53), "1.5", "%00"])
def test_what_is_no_id_is_refused(desk: httpx.Client, letter: str) -> None:
    """As an invalid request; an id that is nobody's is not found."""
    assert desk.get(f"{LETTERS}/{letter}").status_code == 422
    missing = desk.get(f"{LETTERS}/{2**53 - 1}")
    assert missing.status_code == 404
    assert missing.json()["type"] == "urn:finguard:problem:no-such-dead-letter"


def test_paths_of_actions_are_no_ids(desk: httpx.Client) -> None:
    """Other methods are told which one there is."""
    for action in ("replay", "discard"):
        answer = desk.get(f"{LETTERS}/{action}")
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def test_cursors_of_other_lists_are_refused(desk: httpx.Client) -> None:
    """An alert's place is none among dead letters."""
    for cursor in ("AgAABkwTuP_HAGEAAAAAABPZcAAAAAAAABJn", "A", "%", "_" * 23):
        assert desk.get(LETTERS, params={"cursor": cursor}).status_code == 422


def test_counts_are_what_lists_have(desk: httpx.Client, poison: Poison) -> None:
    """By reason in every bucket, and by status in the whole range; empty buckets are there."""
    first, *_ = poison.bury(*[BAD] * 130, reason="schema")
    poison.bury(*[BAD] * 5, reason="amount")
    desk.post(f"{LETTERS}/{first}/discard", json={"note": "a test"}).raise_for_status()
    span = {"from": "2026-03-01T11:59:00Z", "to": "2026-03-01T12:05:00Z", "bucket": "minute"}
    counts = desk.get(COUNTS, params=span).raise_for_status().json()
    assert counts["dead_letters"] == 135
    assert counts["by_reason"] == {"amount": 5, "schema": 130}
    assert counts["by_status"] == {"open": 134, "replayed": 0, "resolved": 0, "discarded": 1}
    assert [row["by_reason"] for row in counts["rows"]] == [
        {},
        {"schema": 60},
        {"schema": 60},
        {"amount": 5, "schema": 10},
        {},
        {},
    ]
    begins = [row["bucket"] for row in counts["rows"]]
    assert all(earlier < later for earlier, later in pairwise(begins))
    outside = desk.get(COUNTS, params={"to": "2020-01-01T00:00:00Z"}).json()
    assert (outside["dead_letters"], outside["by_reason"]) == (0, {})
    too_long = {**span, "from": "1970-01-01T00:00:00Z"}
    assert desk.get(COUNTS, params=too_long).status_code == 422
