"""Where an answer leads: OpenAPI's links and headers, for whoever walks the API by its description.

A client that knows them goes from a list to what is listed, and from a thing to what can be done
with it, without being told in words; the tests that attack the API walk them as well.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple


class Link(NamedTuple):
    """One operation that an answer leads to.

    Attributes:
        operation_id: the operation, by the name of its function.
        parameters: its parameters by their names, each as a runtime expression of OpenAPI, such
            as `$response.body#/alert_id`.
        body: fields of its body, likewise.
    """

    operation_id: str
    parameters: Mapping[str, str] = {}
    body: Mapping[str, Any] = {}


ETAG: Final = {"ETag": "The version, for `If-Match`."}
LOCATION: Final = {"Location": "Where it is from now on."}


def leads_to(
    status: HTTPStatus, *links: Link, headers: Mapping[str, str] | None = None
) -> dict[int | str, dict[str, Any]]:
    """What a route's `responses` say of a success besides its form.

    Args:
        status: the answer that is meant.
        links: what can be asked next with what stands in it.
        headers: those that always come with it, and what they are.
    """
    answer: dict[str, Any] = described_headers(headers or {})
    if links:
        answer["links"] = {link.operation_id: _described(link) for link in links}
    return {int(status): answer}


def described_headers(headers: Mapping[str, str]) -> dict[str, Any]:
    """The part of an answer's description that tells of headers which it always has."""
    described = {
        name: {"description": meaning, "required": True, "schema": {"type": "string"}}
        for name, meaning in headers.items()
    }
    return {"headers": described} if described else {}


def _described(link: Link) -> dict[str, Any]:
    described: dict[str, Any] = {"operationId": link.operation_id}
    if link.parameters:
        described["parameters"] = dict(link.parameters)
    if link.body:
        described["requestBody"] = dict(link.body)
    return described
