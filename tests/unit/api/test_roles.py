"""Roles: each may do all that the one before it may; an operation has the role it requires."""

import asyncio
from typing import Annotated, Any, get_args

import pytest
from fastapi import APIRouter, Depends, FastAPI

from finguard.adapters.postgres.users import Role, User
from finguard.api import docs
from finguard.api.access import Admin, require
from finguard.api.problems import ProblemError
from finguard.api.sessions import Caller

ROLES: tuple[Role, ...] = get_args(Role)


def caller(role: Role) -> Caller:
    """Somebody with a role."""
    user = User(id=1, username="ann", password_hash="", role=role, disabled=False, token_epoch=0)
    return Caller(user, "7" * 32)


@pytest.mark.parametrize("needed", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_roles_are_ordered(role: Role, needed: Role) -> None:
    """Viewer below analyst below admin: a role passes where it or a lower one is needed."""
    somebody = caller(role)
    if ROLES.index(role) >= ROLES.index(needed):
        assert asyncio.run(require(needed)(somebody)) is somebody.user
    else:
        with pytest.raises(ProblemError) as refusal:
            asyncio.run(require(needed)(somebody))
        assert refusal.value.status == 403


def roles(router: APIRouter) -> dict[str, Any]:
    """The role of each path in the description of an application of its own."""
    app = FastAPI()
    app.include_router(router)
    paths = docs.describe(app)()["paths"]
    return {path: methods["get"].get("x-role") for path, methods in paths.items()}


def test_an_operation_declares_its_role_by_requiring_it() -> None:
    """For a whole router, by a parameter, by both: the description says what it adds up to."""
    router = APIRouter(dependencies=[Depends(require("viewer"))])

    @router.get("/of-the-router")
    def of_the_router() -> None: ...

    @router.get("/of-a-parameter")
    def of_a_parameter(_: Admin) -> None: ...

    @router.get("/of-the-route", dependencies=[Depends(require("analyst"))])
    def of_the_route() -> None: ...

    expected = {"/of-the-router": "viewer", "/of-a-parameter": "admin", "/of-the-route": "analyst"}
    assert expected == roles(router)


def test_an_operation_that_requires_nothing_has_no_role() -> None:
    """Nothing is made up: a forgotten role is seen, and the tests of the real API fail on it."""
    router = APIRouter()

    def something() -> int:
        return 1

    @router.get("/open")
    def open_to_all(_: Annotated[int, Depends(something)]) -> None: ...

    @router.get("/guarded")
    def guarded(_: Admin) -> None: ...

    assert {"/open": None, "/guarded": "admin"} == roles(router)
