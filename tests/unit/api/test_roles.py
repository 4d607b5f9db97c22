"""Roles: each may do all that the one before it may."""

from typing import get_args

import pytest

from finguard.adapters.postgres.users import Role, User
from finguard.api.access import require
from finguard.api.problems import ProblemError

ROLES: tuple[Role, ...] = get_args(Role)


def user(role: Role) -> User:
    """Somebody with a role."""
    return User(id=1, username="ann", password_hash="", role=role, disabled=False, token_epoch=0)


@pytest.mark.parametrize("needed", ROLES)
@pytest.mark.parametrize("role", ROLES)
def test_roles_are_ordered(role: Role, needed: Role) -> None:
    """Viewer below analyst below admin: a role passes where it or a lower one is needed."""
    somebody = user(role)
    if ROLES.index(role) >= ROLES.index(needed):
        assert require(needed)(somebody) is somebody
    else:
        with pytest.raises(ProblemError) as refusal:
            require(needed)(somebody)
        assert refusal.value.status == 403
