"""The part of the API in memory that changes alerts, and hands them out as a file."""

import json
from datetime import timedelta

import httpx

from tests.unit.dashboard.samples import NOW, Json

STALE = "Somebody has changed the alert since; nothing was done."


def concerns(request: httpx.Request) -> bool:
    """Whether a request is about more than reading alerts."""
    path = request.url.path
    return path.startswith("/api/v1/alerts/") and (
        request.method == "PATCH" or path.rpartition("/")[2] in {"export", "history", "triage"}
    )


def answer(
    alerts: list[Json], histories: dict[int, list[Json]], request: httpx.Request
) -> httpx.Response:
    """Answer what concerns the triage or the export of these alerts."""
    path = request.url.path
    if path.endswith("/export"):
        lines = ["alert_id,user_id", *(f"{each['alert_id']},{each['user_id']}" for each in alerts)]
        return httpx.Response(200, text="\r\n".join(lines))
    if path.endswith("/history"):
        after = int(request.url.params.get("after", "0"))
        changes = histories.get(int(path.split("/")[-2]), [])
        later = [change for change in changes if change["version"] > after]
        return httpx.Response(200, json={"items": later[:2], "more": len(later) > 2})
    body = json.loads(request.content)
    if path.endswith("/triage"):
        items = body.pop("items")
        results = [
            _result(_named(alerts, item["alert_id"]), histories, item["version"], body)
            for item in items
        ]
        return httpx.Response(200, json={"results": results})
    listed = _named(alerts, int(path.rpartition("/")[2]))
    result = _result(listed, histories, int(request.headers["If-Match"].strip('"')), body)
    if result["outcome"] == "stale":
        return httpx.Response(412, json={"detail": STALE, "current": listed})
    return httpx.Response(200, json=listed)


def change(
    listed: Json, histories: dict[int, list[Json]], actor: str = "ada", **wanted: object
) -> None:
    """Change an alert, and write it into its history."""
    before = {name: listed[name] for name in ("status", "assignee")}
    after = {name: wanted.get(name, value) for name, value in before.items()}
    listed.update(after, version=listed["version"] + 1)
    histories.setdefault(listed["alert_id"], []).append(
        {
            "version": listed["version"],
            "at": (NOW + timedelta(seconds=listed["version"])).isoformat(),
            "actor": actor,
            "status_before": before["status"],
            "status_after": after["status"],
            "assignee_before": before["assignee"],
            "assignee_after": after["assignee"],
            "note": wanted.get("note"),
        }
    )


def invalid(where: str, message: str) -> httpx.Response:
    """A request of the wrong form."""
    errors = [{"where": where, "message": message}]
    return httpx.Response(422, json={"detail": "The request does not fit.", "errors": errors})


def _named(alerts: list[Json], alert_id: int) -> Json:
    return next(each for each in alerts if each["alert_id"] == alert_id)


def _result(listed: Json, histories: dict[int, list[Json]], version: int, wanted: Json) -> Json:
    stale = listed["version"] != version
    if not stale:
        change(listed, histories, **wanted)
    return {
        "alert_id": listed["alert_id"],
        "outcome": "stale" if stale else "changed",
        "detail": STALE if stale else None,
        "current": dict(listed),
    }
