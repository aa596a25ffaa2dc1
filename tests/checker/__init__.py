"""Judges what happened under faults, from sides that do not trust each other: journal, witness, requests, final tables.

`check(history)` gives every violation of the invariants I1-I12 and `told` puts them into words; `checker.journal` says
what a history is made of, `checker.files` how it is written down outside the store, and `checker.store` reads what a
store holds.
"""

from checker.checking import check, told
from checker.journal import History, Violation

__all__ = ["History", "Violation", "check", "told"]
