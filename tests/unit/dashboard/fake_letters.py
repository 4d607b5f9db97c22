"""Dead letters of an API in memory."""

import json
from dataclasses import dataclass, field

import httpx

from tests.unit.dashboard import letter_samples as samples
from tests.unit.dashboard.samples import NOW, Json

PATH = "/api/v1/dead-letters"


@dataclass
class FakeLetters:
    """Lists, shows, replays and discards what it is given.

    Attributes:
        items: newest first.
        messages: of letters by their number; None is a message that cannot be had.
        states: what becomes of `message_status`.
        refusals: why a letter is not worked on, by its number.
        rejection: what the detector would say of every edit.
        sent: the body of everything that was to be done.
    """

    items: list[Json] = field(default_factory=list)
    messages: dict[int, Json | None] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    refusals: dict[int, str] = field(default_factory=dict)
    rejection: str = ""
    sent: list[Json] = field(default_factory=list)

    def answer(self, request: httpx.Request) -> httpx.Response | None:
        """The answer, if it is about dead letters."""
        path, parameters = request.url.path, dict(request.url.params)
        if path == "/api/v1/stats/dead-letters":
            rows = [{item["reason"]: 1} for item in self.items]
            return httpx.Response(200, json=samples.counts(parameters["bucket"], *rows))
        if not path.startswith(PATH):
            return None
        if request.method == "POST":
            return self._work(path.removeprefix(PATH).strip("/"), json.loads(request.content))
        if path == PATH:
            return self._page(parameters)
        return self._one(int(path.rpartition("/")[2]))

    def become(self, letter_id: int, **changes: object) -> Json:
        """Change a letter."""
        (item,) = (item for item in self.items if item["dead_letter_id"] == letter_id)
        item |= changes
        return item

    def _page(self, parameters: dict[str, str]) -> httpx.Response:
        fits = [
            item
            for item in self.items
            if all(
                item[name] == parameters[name]
                for name in ("reason", "stage", "status")
                if name in parameters
            )
        ]
        begin, limit = int(parameters.get("cursor", "0")), int(parameters["limit"])
        more = str(begin + limit) if begin + limit < len(fits) else None
        return httpx.Response(200, json={"items": fits[begin : begin + limit], "next_cursor": more})

    def _one(self, letter_id: int) -> httpx.Response:
        for item in self.items:
            if item["dead_letter_id"] == letter_id:
                extra = {
                    "message_status": self.states.get(letter_id, "whole"),
                    "message": self.messages.get(letter_id, samples.message()),
                    "attempts": [item],
                    "history": [],
                }
                return httpx.Response(200, json=item | extra)
        return _problem(404, "There is no such dead letter.")

    def _work(self, what: str, body: Json) -> httpx.Response:
        self.sent.append(body)
        number, _, verb = what.rpartition("/")
        if not number:
            results = [self._outcome(letter_id, verb) for letter_id in body["ids"]]
            return httpx.Response(200, json={"results": results})
        if self.rejection:
            errors = [{"where": "body.value", "message": self.rejection}]
            return _problem(409, "The detector would reject the edited message again.", errors)
        return httpx.Response(200, json=self._outcome(int(number), verb))

    def _outcome(self, letter_id: int, verb: str) -> Json:
        refusal = self.refusals.get(letter_id)
        status = "replayed" if verb == "replay" else "discarded"
        at = {"status": status, "status_by": "ada", "status_at": NOW.isoformat()}
        words = refusal or f"{status}"
        return {
            "dead_letter_id": letter_id,
            "outcome": "refused" if refusal else status,
            "refusal": "gone" if refusal else None,
            "detail": f"Dead letter {letter_id}: {words}.",
            "place": None,
            "current": self.become(letter_id, **({} if refusal else at)),
        }


def _problem(status: int, text: str, errors: list[Json] | None = None) -> httpx.Response:
    body = {"title": "A problem", "status": status, "detail": text}
    return httpx.Response(status, json=body | ({"errors": errors} if errors else {}))
