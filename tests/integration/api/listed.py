"""Reads lists of the API to their end."""

from typing import Any

import httpx

ALERTS = "/api/v1/alerts"


def listed(client: httpx.Client, **params: Any) -> list[int]:  # noqa: ANN401 - any parameter
    """Ids of all alerts that match, page by page."""
    ids: list[int] = []
    while True:
        page = client.get(ALERTS, params=params).raise_for_status().json()
        ids += [item["alert_id"] for item in page["items"]]
        if page["next_cursor"] is None:
            return ids
        params["cursor"] = page["next_cursor"]
