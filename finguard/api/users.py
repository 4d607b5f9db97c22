"""Users, for administrators; the bank's customers are somebody else."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response
from psycopg2.extras import RealDictCursor

from finguard.adapters.passwords import hash_password
from finguard.adapters.postgres import accounts
from finguard.adapters.postgres.accounts import LastAdmin, NameTaken, NoSuchAccount
from finguard.api.access import Admin, CurrentAuthor, require
from finguard.api.account_models import (
    NewUser,
    PasswordReset,
    UserAccount,
    UserChange,
    Username,
    UserPage,
    UserQuery,
)
from finguard.api.links import LOCATION, Link, leads_to
from finguard.api.problems import GUARDED, ProblemError, documented
from finguard.api.services import Provided, Services

router = APIRouter(
    prefix="/api/v1/admin/users",
    tags=["administration"],
    dependencies=[Depends(require("admin"))],
)

_CHANGING = (
    *GUARDED,
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
)

_THAT_USER = {"username": "$response.body#/username"}
_CHANGES = (Link("change_user", _THAT_USER), Link("reset_password", _THAT_USER))

Wanted = Annotated[Username, Path(description="The user's name.")]


@router.get(
    "",
    summary="List users",
    response_description="A page of users.",
    responses=leads_to(
        HTTPStatus.OK,
        Link("list_users", {"cursor": "$response.body#/next_cursor"}),
        Link("read_user", {"username": "$response.body#/items/0/username"}),
    )
    | documented(*GUARDED, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def list_users(query: Annotated[UserQuery, Query()], services: Provided) -> UserPage:
    """Everybody who may sign in or might again, by name.

    To read on, pass `next_cursor` as `cursor`.
    """
    with services.database.cursor() as cursor:
        found = accounts.list_accounts(cursor, after=query.cursor or "", limit=query.limit + 1)
    page = found[: query.limit]
    return UserPage(
        items=[UserAccount.model_validate(account) for account in page],
        next_cursor=page[-1].username if len(found) > query.limit else None,
    )


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    summary="Create a user",
    response_description="The user; `Location` says where.",
    responses=leads_to(
        HTTPStatus.CREATED, Link("read_user", _THAT_USER), *_CHANGES, headers=LOCATION
    )
    | documented(*_CHANGING, HTTPStatus.CONFLICT),
)
def create_user(
    new: NewUser, response: Response, author: CurrentAuthor, services: Provided
) -> UserAccount:
    """Let somebody sign in with a first password, which they should change."""
    password_hash = hash_password(new.password.get_secret_value())
    with _transaction(services) as transaction:
        account = accounts.create_account(
            transaction, author, new.username, password_hash, new.role
        )
    response.headers["Location"] = f"{router.prefix}/{account.username}"
    return UserAccount.model_validate(account)


@router.get(
    "/{username}",
    summary="Read a user",
    response_description="The user.",
    responses=leads_to(HTTPStatus.OK, *_CHANGES)
    | documented(*GUARDED, HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY),
)
def read_user(username: Wanted, services: Provided) -> UserAccount:
    """One user, without any password."""
    with _transaction(services) as cursor:
        return UserAccount.model_validate(accounts.read_account(cursor, username))


@router.patch(
    "/{username}",
    summary="Change a user",
    response_description="The user as they are now.",
    responses=leads_to(HTTPStatus.OK, Link("read_user", _THAT_USER), *_CHANGES)
    | documented(*_CHANGING, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def change_user(
    username: Wanted, change: UserChange, admin: Admin, author: CurrentAuthor, services: Provided
) -> UserAccount:
    """Give a user another role, disable or enable them; their sessions end at once.

    Nobody can take the administrator's role from themselves or disable themselves, so that one
    administrator always remains.
    """
    if username == admin.username and (change.disabled or change.role not in {None, admin.role}):
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "own-account",
            "Another administrator must change your role or disable you.",
        )
    with _transaction(services) as transaction:
        account = accounts.change_account(
            transaction, author, username, role=change.role, disabled=change.disabled
        )
    return UserAccount.model_validate(account)


@router.put(
    "/{username}/password",
    status_code=HTTPStatus.NO_CONTENT,
    summary="Reset a password",
    response_description="Done; the user's sessions have ended.",
    responses=documented(*_CHANGING, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT),
)
def reset_password(
    username: Wanted, reset: PasswordReset, admin: Admin, author: CurrentAuthor, services: Provided
) -> None:
    """Give somebody who forgot theirs another password, which they should change."""
    if username == admin.username:
        raise ProblemError(
            HTTPStatus.CONFLICT,
            "own-account",
            "Change your own password at /api/v1/auth/password, which takes the current one.",
        )
    password_hash = hash_password(reset.password.get_secret_value())
    with _transaction(services) as transaction:
        accounts.reset_password(transaction, author, username, password_hash)


@contextmanager
def _transaction(services: Services) -> Iterator[RealDictCursor]:
    """A transaction whose refusals become problems."""
    try:
        with services.database.transaction() as transaction:
            yield transaction
    except NoSuchAccount as error:
        raise ProblemError(
            HTTPStatus.NOT_FOUND, "no-such-user", "There is no such user."
        ) from error
    except NameTaken as error:
        raise ProblemError(
            HTTPStatus.CONFLICT, "name-taken", "There is a user of this name already."
        ) from error
    except LastAdmin as error:
        raise ProblemError(
            HTTPStatus.CONFLICT, "last-admin", "Nobody would be left who may manage users."
        ) from error
