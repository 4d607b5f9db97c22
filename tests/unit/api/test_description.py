"""The API's description of itself: complete, stable, and true to the models."""

from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, get_args

import pytest
from fastapi import FastAPI
from pydantic import BaseModel

import finguard.api
from finguard.adapters.postgres.users import Role
from finguard.api import problems
from finguard.api.app import create_app
from finguard.api.problems import Problem
from tests.unit.api.configuration import api_settings

PUBLIC = {
    "/api/v1/auth/browser/cookie",
    "/api/v1/auth/browser/token",
    "/api/v1/auth/refresh",
    "/api/v1/auth/token",
    "/health",
    "/health/live",
    "/health/ready",
}
"""What may be called without an access token. Think before you add to it."""

HIDDEN = {
    "/openapi.json",
    "/metrics",
    "/docs",
    "/docs/assets/start.js",
    "/docs/assets/swagger-ui-bundle.js",
    "/docs/assets/swagger-ui.css",
    "/docs/assets/favicon.png",
}
"""What the description leaves out: itself, the page that shows it, and what Prometheus scrapes."""

Operation = tuple[str, dict[str, Any]]


@pytest.fixture(scope="module")
def app() -> FastAPI:
    """An API that is never started."""
    return create_app(api_settings())


@pytest.fixture(scope="module")
def description(app: FastAPI) -> dict[str, Any]:
    """What the API says of itself."""
    return app.openapi()


def operations(description: dict[str, Any]) -> Iterator[Operation]:
    """Every operation under its path."""
    for path, methods in description["paths"].items():
        for operation in methods.values():
            yield path, operation


def models() -> Iterator[type[BaseModel]]:
    """Every model that a request or an answer has."""
    for module in iter_modules(finguard.api.__path__, "finguard.api."):
        for member in vars(import_module(module.name)).values():
            if (
                isinstance(member, type)
                and issubclass(member, BaseModel)
                and member.__module__ == module.name
            ):
                yield member


def test_every_operation_is_documented(description: dict[str, Any]) -> None:
    """Each has a summary, a description and a success that says what it is."""
    for path, operation in operations(description):
        assert operation["summary"], path
        assert operation["description"], path
        success = next(answer for status, answer in operation["responses"].items() if status < "3")
        assert success["description"] != "Successful Response", path


def test_operations_keep_their_names(description: dict[str, Any]) -> None:
    """Generated clients call their methods by these names."""
    assert {operation["operationId"] for _, operation in operations(description)} == {
        "add_suppression",
        "change_password",
        "change_user",
        "check_health",
        "check_live",
        "check_ready",
        "count_dead_letters",
        "create_user",
        "discard_dead_letter",
        "discard_dead_letters",
        "export_alerts",
        "follow_alerts",
        "issue_token",
        "list_alerts",
        "list_audit_log",
        "list_dead_letters",
        "list_members",
        "list_rules",
        "list_suppressions",
        "list_transactions",
        "list_users",
        "log_out",
        "log_out_everywhere",
        "offer_handoff",
        "read_alert",
        "read_customer",
        "read_dead_letter",
        "read_history",
        "read_hours_of_week",
        "read_map",
        "read_me",
        "read_summary",
        "read_suppression",
        "read_timeline",
        "read_top_cities",
        "read_top_users",
        "read_user",
        "read_version",
        "refresh_token",
        "replay_dead_letter",
        "replay_dead_letters",
        "reset_password",
        "resume_session",
        "set_cookie",
        "triage_alert",
        "triage_alerts",
        "withdraw_suppression",
    }


def test_everything_but_the_public_takes_a_token(description: dict[str, Any]) -> None:
    """An operation that forgets to ask for a token is found here."""
    open_to_all = {
        path for path, operation in operations(description) if "security" not in operation
    }
    assert open_to_all == PUBLIC


def test_everything_but_the_public_declares_a_role(description: dict[str, Any]) -> None:
    """An operation that takes a token and forgets to say whose is found here."""
    for path, operation in operations(description):
        expected = {None} if path in PUBLIC else set(get_args(Role))
        assert operation.get("x-role") in expected, path


def test_nothing_is_served_in_secret(app: FastAPI, description: dict[str, Any]) -> None:
    """Every route is in the description, but for the description's own."""
    paths = {path for path in _paths(app) if path not in description["paths"]}
    assert paths == HIDDEN


def test_guarded_operations_document_their_refusals(description: dict[str, Any]) -> None:
    """Who reads the description knows that 401, 403 and 503 may come, and in which form."""
    for path, operation in operations(description):
        if path in PUBLIC:
            continue
        for status in ("401", "403", "503"):
            assert "application/problem+json" in operation["responses"][status]["content"], path


def test_operations_with_parameters_document_422(description: dict[str, Any]) -> None:
    """Whatever takes input can find it wrong, and says so as a problem."""
    for path, operation in operations(description):
        if "parameters" in operation or "requestBody" in operation:
            content = operation["responses"]["422"]["content"]
            assert list(content) == ["application/problem+json"], path


def test_bodies_take_nothing_beyond_what_they_name(description: dict[str, Any]) -> None:
    """No field can be smuggled into a request, such as a role into a login."""
    schemas = description["components"]["schemas"]
    bodies = [
        content["schema"]["$ref"].rpartition("/")[2]
        for _, operation in operations(description)
        for content in operation.get("requestBody", {}).get("content", {}).values()
    ]
    assert bodies
    for name in bodies:
        assert schemas[name]["additionalProperties"] is False, name


def test_operations_with_bodies_document_what_can_be_wrong_with_them(
    description: dict[str, Any],
) -> None:
    """A body may be unreadable or too large, whatever it was meant to say."""
    for path, operation in operations(description):
        if "requestBody" in operation:
            assert {"400", "413", "422"} <= set(operation["responses"]), path


def test_every_answer_has_an_example(description: dict[str, Any]) -> None:
    """Each answer's schema or content shows one."""
    for path, operation in operations(description):
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                name = content["schema"].get("$ref", "").rpartition("/")[2]
                schema = description["components"]["schemas"].get(name, {})
                assert "example" in content or schema.get("examples"), (path, status)


def test_examples_of_models_are_valid() -> None:
    """No model shows what it would not itself accept, and every answer's fields are shown."""
    shown = 0
    for model in models():
        for example in model.model_json_schema().get("examples", []):
            by_name = _with_names(model, example)
            assert set(by_name) == set(model.model_fields), model
            model.model_validate(by_name)
            shown += 1
    assert shown >= 9


def test_examples_of_problems_are_valid(description: dict[str, Any]) -> None:
    """Every problem shown is one, and names its status."""
    for path, operation in operations(description):
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                if "example" in content and media_type == problems.MEDIA_TYPE:
                    problem = Problem.model_validate(content["example"])
                    assert problem.status == int(status), path


def test_references_lead_somewhere(description: dict[str, Any]) -> None:
    """Every schema that is referred to is there."""
    schemas = description["components"]["schemas"]
    assert {ref.rpartition("/")[2] for ref in _references(description)} <= set(schemas)


def test_docs_can_be_turned_off() -> None:
    """Without docs there is neither the page nor the description that feeds it."""
    app = create_app(api_settings(api_docs=False))
    assert HIDDEN & set(_paths(app)) == {"/metrics"}


def test_metrics_can_be_turned_off() -> None:
    """Without them there is no page, and nothing is counted."""
    assert "/metrics" not in set(_paths(create_app(api_settings(api_metrics=False))))


def _paths(app: FastAPI) -> Iterator[str]:
    """Paths of all routes; late versions of FastAPI keep those of a router together."""
    for route in app.routes:
        router = getattr(route, "original_router", None)
        for inner in router.routes if router else [route]:
            yield str(getattr(inner, "path_format", inner))


def _with_names(model: type[BaseModel], example: dict[str, Any]) -> dict[str, Any]:
    """An example by the names of fields instead of their aliases in answers."""
    names = {field.serialization_alias or name: name for name, field in model.model_fields.items()}
    return {names[key]: value for key, value in example.items()}


def _references(part: object) -> Iterator[str]:
    if isinstance(part, dict):
        for key, value in part.items():
            if key == "$ref":
                yield value
            else:
                yield from _references(value)
    elif isinstance(part, list):
        for item in part:
            yield from _references(item)
