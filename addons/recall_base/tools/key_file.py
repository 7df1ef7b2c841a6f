# SPDX-License-Identifier: LGPL-3.0-only
"""The file of keys (see `cipher`): making it, adding keys to it and taking them out.

    python key_file.py generate FILE        make a new one
    python key_file.py check FILE           test one, and the algorithms of this machine
    python key_file.py rotate FILE          add a key of each use and make it the active
        [--seal] [--token] [--blind] [--sign]    one; only of these uses
        [--year YEAR]                       add a seal key for what came in in a year:
                                            the next one ahead, or one that has passed
    python key_file.py retire FILE KID      take a key out; only of these uses
        [--seal] [--token] [--blind]

The file is always replaced as a whole; running servers take the new one with the next
request.  What is sealed under a key that is taken out can never be read again.
"""

import argparse
import fcntl
import json
import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date

try:
    from . import cipher
except ImportError:  # run as a program
    import cipher

USES = (*cipher.SECTIONS, cipher.SIGN)


def new_key_document(alg: str = "SM4-GCM") -> dict:
    """Make the content of a key file, with one fresh key for each use."""
    kid = _new_kid()
    return {
        **{use: {kid: _new_key(use, alg)} for use in USES},
        "active": dict.fromkeys(USES, kid),
    }


def generate_key_file(path: str | os.PathLike, alg: str = "SM4-GCM") -> None:
    """Write a new key file, mode 0600; KeyFileError when there is a file already."""
    _write_document(path, new_key_document(alg))


def rotate(
    path: str | os.PathLike, uses: Sequence[str] = (), year: int | None = None
) -> str:
    """Add a key for each use to a key file and make it the active one.

    Older keys stay, for what was made with them.  With a year that is not the running
    one a seal key of that year is added, and the active ones stay.

    :returns: the id of the new keys
    """
    ahead = year not in (None, date.today().year)
    if ahead and set(uses) - {"seal"}:
        raise cipher.KeyFileError("only seal keys belong to a year")
    kid = _new_kid(year)
    with _changing(path) as document:
        for use in ("seal",) if ahead else uses or USES:
            document.setdefault(use, {})[kid] = _new_key(use, _algorithm(document))
            if not ahead:
                document["active"][use] = kid
    return kid


def retire(path: str | os.PathLike, kid: str, uses: Sequence[str] = ()) -> None:
    """Take a key out of a key file, for ever.

    :param uses: what it is no longer for; all but signing where none is given
    """
    with _changing(path) as document:
        holding = [use for use in uses or cipher.SECTIONS if kid in document[use]]
        if not holding:
            raise cipher.KeyFileError(f"the key file {path} has no such key: {kid}")
        in_use = cipher.KeyRing.from_document(document)
        for use in holding:
            active = in_use.sealing_kid() if use == "seal" else in_use.active[use]
            if active == kid:
                raise cipher.KeyFileError(
                    f'{kid} is the active key of "{use}": rotate first'
                )
            document["active"][use] = active
            del document[use][kid]


@contextmanager
def _changing(path: str | os.PathLike) -> Iterator[dict]:
    """Give the content of a key file and replace the file by what it was made."""
    with _locked(path):
        document = cipher.read_document(path)
        cipher.KeyRing.from_document(document)
        yield document
        cipher.KeyRing.from_document(document)
        fresh = f"{os.fspath(path)}.new"
        _write_document(fresh, document, owner=os.stat(path))
        os.replace(fresh, path)


@contextmanager
def _locked(path: str | os.PathLike) -> Iterator[None]:
    """Let one program at a time change files of the folder."""
    folder = os.open(os.path.dirname(os.path.abspath(path)), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
        os.fsync(folder)
    finally:
        os.close(folder)


def _new_kid(year: int | None = None) -> str:
    today = date.today()
    day = today if year in (None, today.year) else date(year, 1, 1)
    return f"{day:%Y%m%d}-{secrets.token_hex(3)}"


def _new_key(use: str, alg: str) -> object:
    if use != "seal":
        return secrets.token_hex(cipher.MAC_BYTES)
    return {"alg": alg, "key": secrets.token_hex(cipher.ALGORITHMS[alg][1])}


def _algorithm(document: dict) -> str:
    return document["seal"][document["active"]["seal"]]["alg"]


def _write_document(
    path: str | os.PathLike, document: dict, owner: os.stat_result | None = None
) -> None:
    text = json.dumps(document, indent=2) + "\n"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            if owner and os.geteuid() == 0:
                # The servers that read it run as its owner, not as root.
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise cipher.failed(path, "made", error) from None


def main(arguments: Sequence[str] | None = None) -> int:
    """Make, check or change a key file from the command line."""
    chosen = _parse(arguments)
    try:
        cipher.self_test()
        told = chosen.run(chosen)
        cipher.KeyRing.from_file(chosen.file)
    except (cipher.KeyFileError, cipher.SelfTestError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if told:
        sys.stdout.write(f"{told}\n")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Key file of the recall suite")
    commands = parser.add_subparsers(required=True, metavar="command")

    def add(name: str, run: Callable, uses: Sequence[str] = (), **texts: str) -> object:
        command = commands.add_parser(name, **texts)
        command.add_argument("file")
        command.set_defaults(run=run, uses=[])
        for use in uses:
            command.add_argument(
                f"--{use}", dest="uses", action="append_const", const=use
            )
        return command

    add("generate", lambda chosen: generate_key_file(chosen.file), help="make one")
    add("check", lambda _chosen: None, help="test one")
    command = add("rotate", _run_rotate, USES, help="add keys and use them from now on")
    command.add_argument("--year", type=_year, help="a seal key for data of a year")
    command = add("retire", _run_retire, cipher.SECTIONS, help="take a key out")
    command.add_argument("kid", help="id of the key")
    return parser.parse_args(arguments)


def _run_rotate(chosen: argparse.Namespace) -> str:
    return rotate(chosen.file, chosen.uses, chosen.year)


def _run_retire(chosen: argparse.Namespace) -> None:
    retire(chosen.file, chosen.kid, chosen.uses)


def _year(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 2000 <= int(text) <= 2999):
        raise argparse.ArgumentTypeError("a year has four digits")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
