"""Passwords of the file authenticator: one generated password a person, kept as a salted scrypt hash."""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from autograder.errors import ConfigurationError
from autograder.files import write_whole

__all__ = ["Passwords"]

# 31 letters and digits that nobody mistakes for one another; 12 of them are 59 bits.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
GROUPS, LENGTH = 3, 4
# 16 MiB and about 50 ms a try: parameters are stored with each hash, so that they can be raised.
COST, BLOCK, LANES = 2**14, 8, 1
NOBODY = {"salt": "00" * 16, "hash": "00" * 32, "n": COST, "r": BLOCK, "p": LANES}


class Passwords:
    """`people.json` in the hub's private folder. Read at each use: a change holds at once."""

    def __init__(self, state: Path) -> None:
        self.path = state / "people.json"

    def names(self) -> set[str]:
        """Who has a password."""
        return set(self._read())

    def add(self, names: Collection[str], keep: Callable[[dict[str, str]], None]) -> None:
        """Give a new password to each name.

        Args:
            keep: gets name -> password before they hold, so that no password is lost that was not shown.
        """
        if not names:
            return
        made = {name: generate() for name in sorted(names)}
        with self._changing() as people:
            keep(made)
            people.update({name: hashed(password) for name, password in made.items()})

    def remove(self, names: Collection[str]) -> None:
        """They cannot log in any more."""
        with self._changing() as people:
            for name in names:
                people.pop(name, None)

    def check(self, name: str, password: str) -> bool:
        """Whether this is the name's password; takes the same time for a name that does not exist."""
        entry = self._read().get(name)
        right = matches(entry or NOBODY, password)
        return right and entry is not None

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            document = json.loads(self.path.read_bytes())
            return dict(document["people"])
        except FileNotFoundError:
            return {}
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(f"{self.path}: cannot be read: {error}. Put a backup of it back.") from None

    @contextmanager
    def _changing(self) -> Iterator[dict[str, dict[str, Any]]]:
        """One writer at a time; the file is replaced whole."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            people = self._read()
            yield people
            text = json.dumps({"schema": 1, "people": people}, indent=1, sort_keys=True)
            write_whole(self.path, text.encode(), 0o600)
        finally:
            os.close(lock)


def generate() -> str:
    """A password such as `k3wd-9xqa-7mfe`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(LENGTH)) for _ in range(GROUPS))


def hashed(password: str) -> dict[str, Any]:
    """Salt, hash and parameters."""
    entry = {"salt": secrets.token_hex(16), "n": COST, "r": BLOCK, "p": LANES}
    return {**entry, "hash": derive(entry, password).hex()}


def matches(entry: dict[str, Any], password: str) -> bool:
    return hmac.compare_digest(derive(entry, password), bytes.fromhex(entry["hash"]))


def derive(entry: dict[str, Any], password: str) -> bytes:
    salt = bytes.fromhex(entry["salt"])
    # Beyond 1000 characters nothing is a password; the limit keeps a request from costing more than others.
    text = password[:1000].encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=entry["n"], r=entry["r"], p=entry["p"], dklen=32, maxmem=2**27)
