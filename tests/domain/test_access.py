"""The matrix of roles and rights, written out so that a change of it is a change of this test."""

import pytest

from rota.domain.access import RIGHTS, SYSTEM, Principal, Right, Role

MATRIX = {
    #               READ   OPERATE EDIT   WORK   AUDIT  ADMIN
    Role.VIEWER: (True, False, False, False, False, False),
    Role.OPERATOR: (True, True, False, False, False, False),
    Role.EDITOR: (True, True, True, False, False, False),
    Role.ADMIN: (True, True, True, True, True, True),
    Role.WORKER: (False, False, False, True, False, False),
    Role.AUDITOR: (True, False, False, False, True, False),
}
COLUMNS = (Right.READ, Right.OPERATE, Right.EDIT, Right.WORK, Right.AUDIT, Right.ADMIN)


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_the_matrix_says_and_nothing_else(role: Role) -> None:
    principal = Principal("ann", role)
    assert tuple(principal.may(right) for right in COLUMNS) == MATRIX[role]


def test_every_role_and_right_is_decided() -> None:
    assert set(RIGHTS) == set(Role) == set(MATRIX)
    assert set(COLUMNS) == set(Right)


def test_triggering_never_changes_what_runs() -> None:
    operators = [role for role in Role if Right.OPERATE in RIGHTS[role] and Right.EDIT not in RIGHTS[role]]
    assert operators == [Role.OPERATOR]


def test_rota_itself_may_everything() -> None:
    assert all(SYSTEM.may(right) for right in Right)
