#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-only
"""Back up a terminal, and restore it into a new database with proof that all is there.

    scripts/backup.py backup DATABASE FOLDER --keys KEY_FILE KEYS_FOLDER
    scripts/backup.py restore BACKUP NEW_DATABASE --keys KEY_FILE [--without KEY_ID …]

A backup is a folder: the database as pg_dump writes it, the files of its store, and
`manifest.json` with their digests, the last checkpoint of the operation log and the ids
of the keys that open what is sealed. The keys themselves go to another folder, never to
the backup's: one of the two alone opens no phone number. `--without` names sealing keys
that were destroyed, so that what they sealed stays erased.

Files are sought, and restored, below ODOO_DATA_DIR, the `data_dir` of the database's
Odoo; PGHOST and the other PG* variables name its database server.
"""

import argparse
import hashlib
import json
import os
import shutil
import sys
import tarfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg2
from stack.cluster import Cluster
from stack.database import Database
from stack.file_store import FileStore, named_files
from stack.settings import DATA_DIR, StackError

DUMP, FILES, MANIFEST = "database.dump", "files.tar", "manifest.json"
FACTS = """\
SELECT (SELECT count(*) FROM recall_plan), (SELECT count(*) FROM recall_completion),
       (SELECT count(*) FROM recall_audit_event),
       (SELECT coalesce(max(size), 0) FROM recall_audit_checkpoint)
"""
NAMES = ("plans", "repair_reports", "log_events", "log_sealed")
#: What the hourly job last saw of the server's own key file, and of what is sealed.
KEYS = """\
SELECT section || ':' || kid, state = 'destroyed' FROM recall_key WHERE state <> 'free'
"""
CHECKPOINT = "SELECT chain_hash FROM recall_audit_checkpoint WHERE size = %s"
#: Counters and the list of keys are written anew: undone, so that the proof changes
#: nothing.
PROOF = """\
wrong = env["recall.plan"].with_context(active_test=False).search([])._recount()
faults = {
    "wrong_counters": wrong.mapped("recall_number"),
    "log_fault": env["recall.audit.checkpoint"]._verify(),
}
for job in env["recall.reseal"]._prepare_jobs():
    job._count()
env["recall.key"]._refresh()
gone = env["recall.key"].search([("state", "=", "destroyed")])
result = faults, {key.kid: key.counts for key in gone}
env.cr.rollback()
"""


# === BACKUP === #


def back_up(name: str, folder: Path, key_file: Path, keys_folder: Path) -> Path:
    """Write a backup below `folder`; returns its folder.

    :raises StackError: when files that the database names are not in its store, or
        keys that it needs are not in the key file; no backup is left then
    """
    _check_apart(folder, keys_folder)
    cluster = Cluster()
    cluster.start()
    if not cluster.exists(name):
        raise StackError(f"there is no database {name}: see scripts/recall databases")
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    final = folder / f"{name}-{moment}"
    with _made_whole(final) as work:
        manifest = {
            "database": name,
            "begun_at": moment,
            "facts": _copy(cluster, name, work, key_file),
            "key_ids": sorted(_key_ids(key_file)),
            "sha256": {part: _digest(work / part) for part in (DUMP, FILES)},
        }
        (work / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
        _keep_keys(key_file, keys_folder, moment)
    return final


@contextmanager
def _made_whole(final: Path) -> Iterator[Path]:
    """Give a folder to fill, which gets its name when all is in it."""
    work = final.with_name(f"{final.name}.part")
    work.mkdir(parents=True, mode=0o700)
    try:
        yield work
    except BaseException:
        shutil.rmtree(work)
        raise
    work.rename(final)


def _copy(cluster: Cluster, name: str, work: Path, key_file: Path) -> dict[str, Any]:
    """Copy database and files into a folder; returns the facts of that database.

    Files are taken before and after the database, so that each one which it names is
    among them, whenever it was written.
    """
    store, whole = FileStore(name), set()
    with tarfile.open(work / FILES, "w") as archive:
        store.add_to(archive, whole)
        with _snapshot(cluster, name) as (cursor, snapshot):
            _check_key_file(key_file, name, cursor)
            facts, named = _read_facts(cursor), named_files(cursor)
            _check_store(store, named, store.lacking(named - whole))
            words = ("--format=custom", f"--snapshot={snapshot}")
            cluster.client("pg_dump", *words, f"--file={work / DUMP}", name)
        store.add_to(archive, whole)
    _check_store(store, named, sorted(named - whole))
    return facts


@contextmanager
def _snapshot(cluster: Cluster, name: str) -> Iterator[tuple[Any, str]]:
    """Give a cursor that sees one moment of a database, and the name of that moment."""
    connection = cluster.connect(name)
    connection.set_session("REPEATABLE READ", readonly=True, autocommit=False)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_export_snapshot()")
            yield cursor, cursor.fetchone()[0]
    finally:
        connection.close()


def _check_key_file(key_file: Path, name: str, cursor: Any) -> None:
    """See that it is the file of the database's server, not another or an old one."""
    needed, _destroyed = _known_keys(cursor)
    missing = needed - _key_ids(key_file)
    if missing:
        raise StackError(
            f"{key_file} lacks the keys {', '.join(sorted(missing))} of {name}: name "
            "the key file that its server has (RECALL_KEY_FILE); if one was destroyed, "
            "press Seal anew and count now under Recall: evidence, Keys, first"
        )


def _known_keys(cursor: Any) -> tuple[set[str], set[str]]:
    """Names of the keys that a database needs, and of those that were destroyed.

    Both are empty where the job that counts has not run yet.
    """
    cursor.execute(KEYS)
    keys = dict(cursor.fetchall())
    destroyed = {key for key, is_destroyed in keys.items() if is_destroyed}
    return keys.keys() - destroyed, destroyed


def _check_store(store: FileStore, named: set[str], lacking: list[str]) -> None:
    if lacking:
        raise StackError(
            f"{_tell_lacking(named, lacking)} in {store.folder}: {DATA_DIR.name} must "
            "be the data_dir of its Odoo; if it is, see docs/operation.md, Backup"
        )


def _tell_lacking(named: set[str], lacking: list[str]) -> str:
    return (
        f"{len(lacking)} of the {len(named)} files that the database names are missing "
        f"or damaged, the first is {lacking[0]}"
    )


def _check_apart(folder: Path, keys_folder: Path) -> None:
    one, other = folder.resolve(), keys_folder.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise StackError("keys and backup must be apart: name two separate folders")


def _read_facts(cursor: Any) -> dict[str, Any]:
    cursor.execute(FACTS)
    facts = dict(zip(NAMES, cursor.fetchone(), strict=True))
    return {**facts, "log_hash": _hash_of(cursor, facts["log_sealed"])}


def _hash_of(cursor: Any, size: int) -> str | None:
    """Hash of the checkpoint that seals so many events."""
    cursor.execute(CHECKPOINT, [size])
    found = cursor.fetchone()
    return found and found[0]


def _keep_keys(key_file: Path, folder: Path, moment: str) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"keys-{moment}.json"
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key_file.read_bytes())


def _key_ids(key_file: Path) -> set[str]:
    """Names of the keys in a key file, as recall_base/tools/key_file.py writes it."""
    try:
        content = json.loads(key_file.read_text())
    except (OSError, ValueError) as error:
        raise StackError(f"{key_file} is no key file: {error}") from error
    return {
        f"{use}:{name}"
        for use, keys in content.items()
        if isinstance(keys, dict) and use != "active"
        for name in keys
    }


# === RESTORE === #


def restore(
    backup: Path,
    name: str,
    key_file: Path,
    cluster: Cluster | None = None,
    without: Collection[str] = (),
) -> dict[str, Any]:
    """Restore into a new database and prove it; returns what was found.

    :param cluster: the server to restore on, if not the usual one
    :param without: ids of sealing keys that were destroyed to erase what they sealed
    :raises StackError: when the backup is damaged, a key is missing, the database is
        there already, or what was restored is not what was backed up
    """
    manifest = _read_manifest(backup)
    for part, digest in manifest["sha256"].items():
        if _digest(backup / part) != digest:
            raise StackError(f"{backup / part} is damaged: its digest differs")
    _check_keys(manifest, key_file, without)
    cluster = cluster or Cluster()
    cluster.start()
    store = FileStore(name)
    if cluster.exists(name) or store.folder.exists():
        raise StackError(f"{name} is there already: restore never overwrites")
    cluster.create_database(name)
    words = (
        "--no-owner",
        "--no-privileges",
        "--no-comments",
        "--exit-on-error",
        "--jobs=2",
    )
    cluster.client("pg_restore", *words, f"--dbname={name}", str(backup / DUMP))
    store.extract(backup / FILES)
    return _prove(cluster, name, key_file, manifest["facts"], without)


def _read_manifest(backup: Path) -> dict[str, Any]:
    try:
        return json.loads((backup / MANIFEST).read_text())
    except (OSError, ValueError) as error:
        raise StackError(f"{backup} is no whole backup: {error}") from error


def _check_keys(
    manifest: dict[str, Any], key_file: Path, without: Collection[str]
) -> None:
    missing = set(manifest["key_ids"]) - _key_ids(key_file) - _left_out(without)
    if missing:
        raise StackError(f"{key_file} {_tell_missing(missing)}")


def _left_out(without: Collection[str]) -> set[str]:
    return {f"seal:{kid}" for kid in without}


def _tell_missing(missing: set[str]) -> str:
    reason = f"lacks the keys {', '.join(sorted(missing))}"
    sealing = sorted(key[len("seal:") :] for key in missing if key.startswith("seal:"))
    if sealing:
        reason += (
            "; sealing keys that were destroyed to erase a year are left out with "
            f'WITHOUT="{" ".join(sealing)}" (--without)'
        )
    return reason


def _prove(
    cluster: Cluster,
    name: str,
    key_file: Path,
    expected: dict[str, Any],
    without: Collection[str],
) -> dict[str, Any]:
    """Compare a restored database with its manifest, its files, its keys and itself."""
    connection = cluster.connect(name)
    try:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            facts, named = _read_facts(cursor), named_files(cursor)
            needed, destroyed = _known_keys(cursor)
            same_log = _hash_of(cursor, expected["log_sealed"]) == expected["log_hash"]
    finally:
        connection.close()
    # A server that went on has signed more since: this log would seem to be cut.
    environment = {"RECALL_KEY_FILE": str(key_file), "RECALL_CHECKPOINT_FILE": ""}
    database = Database(cluster, name, environment=environment)
    faults, erased = database.shell(PROOF)
    lacking = FileStore(name).lacking(named)
    # `erased` tells of keys, too, that no list named when the backup was made.
    needed |= _left_out(erased) - destroyed
    missing = needed - _key_ids(key_file) - _left_out(without)
    if missing:
        reason = _tell_missing(missing)
        raise StackError(f"{name} is there but not readable: {key_file} {reason}")
    faults["files"] = lacking and _tell_lacking(named, lacking)
    # Older backups read the facts a moment before the dump: it may hold more.
    faults["fewer"] = [fact for fact in NAMES if facts[fact] < expected[fact]]
    faults["other_log"] = not same_log
    if any(faults.values()):
        told = {fault: found for fault, found in faults.items() if found}
        raise StackError(f"{name} is not what was backed up: {json.dumps(told)}")
    return {**facts, "files": len(named), "erased": erased}


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("backup")
    one.add_argument("database")
    one.add_argument("folder", type=Path)
    one.add_argument("--keys", nargs=2, type=Path, required=True)
    other = commands.add_parser("restore")
    other.add_argument("backup", type=Path)
    other.add_argument("database")
    other.add_argument("--keys", type=Path, required=True)
    other.add_argument("--without", nargs="*", metavar="KEY_ID", default=[])
    return parser.parse_args()


def main() -> int:
    words = _arguments()
    try:
        if words.command == "backup":
            print(back_up(words.database, words.folder, *words.keys))
        else:
            found = restore(
                words.backup, words.database, words.keys, without=words.without
            )
            print(json.dumps(found))
    except (StackError, OSError, psycopg2.Error) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
