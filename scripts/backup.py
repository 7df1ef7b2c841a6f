#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-3.0-only
"""Back up a terminal, and restore it into a new database with proof that all is there.

    scripts/backup.py backup DATABASE FOLDER --keys KEY_FILE KEYS_FOLDER
    scripts/backup.py restore BACKUP NEW_DATABASE --keys KEY_FILE

A backup is a folder: the database as pg_dump writes it, the files of its store, and
`manifest.json` with their digests, the last checkpoint of the operation log and the ids
of the keys that open what is sealed. The keys themselves go to another folder, never to
the backup's: one of the two alone opens no phone number.
"""

import argparse
import hashlib
import json
import os
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from stack.cluster import Cluster
from stack.database import Database
from stack.settings import DATA, StackError

DUMP, FILES, MANIFEST = "database.dump", "files.tar", "manifest.json"
#: Written without a gap: what a backup holds is what was committed when it began.
FACTS = """\
SELECT (SELECT count(*) FROM recall_plan), (SELECT count(*) FROM recall_completion),
       (SELECT count(*) FROM recall_audit_event),
       (SELECT coalesce(max(size), 0) FROM recall_audit_checkpoint)
"""
NAMES = ("plans", "repair_reports", "log_events", "log_sealed")
CHECKPOINT = "SELECT chain_hash FROM recall_audit_checkpoint WHERE size = %s"
#: Wrong counters are mended by `_recount`: undone, so that the proof changes nothing.
PROOF = """\
wrong = env["recall.plan"].with_context(active_test=False).search([])._recount()
result = {
    "wrong_counters": wrong.mapped("recall_number"),
    "log_fault": env["recall.audit.checkpoint"]._verify(),
}
env.cr.rollback()
"""


# === BACKUP === #


def back_up(name: str, folder: Path, key_file: Path, keys_folder: Path) -> Path:
    """Write a backup below `folder`; returns its folder.

    Files are taken before and after the database: the store only ever adds, so every
    file that a committed record names is among them.
    """
    _check_apart(folder, keys_folder)
    cluster = Cluster()
    cluster.start()
    if not cluster.exists(name):
        raise StackError(f"there is no database {name}: see scripts/recall databases")
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    final = folder / f"{name}-{moment}"
    work = final.with_suffix(".part")
    work.mkdir(parents=True, mode=0o700)
    facts = _read_facts(cluster, name)
    with tarfile.open(work / FILES, "w") as archive:
        known = _add_files(archive, _store(name), set())
        cluster.client("pg_dump", "--format=custom", f"--file={work / DUMP}", name)
        _add_files(archive, _store(name), known)
    manifest = {
        "database": name,
        "begun_at": moment,
        "facts": facts,
        "key_ids": sorted(_key_ids(key_file)),
        "sha256": {part: _digest(work / part) for part in (DUMP, FILES)},
    }
    (work / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n")
    _keep_keys(key_file, keys_folder, moment)
    work.rename(final)
    return final


def _check_apart(folder: Path, keys_folder: Path) -> None:
    one, other = folder.resolve(), keys_folder.resolve()
    if one == other or one in other.parents or other in one.parents:
        raise StackError("keys and backup must be apart: name two separate folders")


def _read_facts(cluster: Cluster, name: str) -> dict[str, Any]:
    connection = cluster.connect(name)
    try:
        with connection.cursor() as cursor:
            cursor.execute(FACTS)
            facts = dict(zip(NAMES, cursor.fetchone(), strict=True))
            cursor.execute(CHECKPOINT, [facts["log_sealed"]])
            found = cursor.fetchone()
    finally:
        connection.close()
    return {**facts, "log_hash": found and found[0]}


def _add_files(archive: tarfile.TarFile, store: Path, known: set[str]) -> set[str]:
    for path in sorted(store.rglob("*")):
        name = str(path.relative_to(store))
        if path.is_file() and name not in known:
            archive.add(path, name)
            known.add(name)
    return known


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
    backup: Path, name: str, key_file: Path, cluster: Cluster | None = None
) -> dict[str, Any]:
    """Restore into a new database and prove it; returns what was found.

    :param cluster: the server to restore on, if not the usual one
    :raises StackError: when the backup is damaged, a key is missing, the database is
        there already, or what was restored is not what was backed up
    """
    manifest = json.loads((backup / MANIFEST).read_text())
    for part, digest in manifest["sha256"].items():
        if _digest(backup / part) != digest:
            raise StackError(f"{backup / part} is damaged: its digest differs")
    missing = set(manifest["key_ids"]) - _key_ids(key_file)
    if missing:
        raise StackError(f"{key_file} lacks the keys {', '.join(sorted(missing))}")
    cluster = cluster or Cluster()
    cluster.start()
    if cluster.exists(name) or _store(name).exists():
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
    store = _store(name)
    store.mkdir(parents=True)
    with tarfile.open(backup / FILES) as archive:
        archive.extractall(store, filter="data")
    return _prove(cluster, name, key_file, manifest["facts"])


def _prove(
    cluster: Cluster, name: str, key_file: Path, expected: dict[str, Any]
) -> dict[str, Any]:
    """Compare a restored database with its manifest and with itself."""
    connection = cluster.connect(name)
    try:
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
            cursor.execute(CHECKPOINT, [expected["log_sealed"]])
            found = cursor.fetchone()
    finally:
        connection.close()
    facts = _read_facts(cluster, name)
    environment = {"RECALL_KEY_FILE": str(key_file)}
    proof = Database(cluster, name, environment=environment).shell(PROOF)
    # The dump began a moment after the facts were read: it may hold more, never less.
    fewer = [fact for fact in NAMES if facts[fact] < expected[fact]]
    same_log = (
        not expected["log_sealed"] or (found and found[0]) == expected["log_hash"]
    )
    if fewer or not same_log or any(proof.values()):
        raise StackError(
            f"{name} is not what was backed up: fewer {fewer or 'of nothing'}, "
            f"operation log {'agrees' if same_log else 'differs'}, {proof}"
        )
    return facts | proof


def _store(name: str) -> Path:
    return Path(os.environ.get("ODOO_DATA_DIR") or DATA) / "filestore" / name


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
    return parser.parse_args()


def main() -> int:
    words = _arguments()
    try:
        if words.command == "backup":
            print(back_up(words.database, words.folder, *words.keys))
        else:
            print(json.dumps(restore(words.backup, words.database, words.keys)))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
