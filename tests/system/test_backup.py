# SPDX-License-Identifier: LGPL-3.0-only
"""A regulator is lost and restored from a backup that is older than its last pull."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from backup import FILES, MANIFEST, back_up, restore
from simulation.fleet import Fleet, Station
from simulation.regulator import Regulator
from stack.cluster import Cluster
from stack.file_store import FileStore
from stack.settings import ADDONS, PYTHON, ROOT, StackError
from stack.stack import make_key_file

PRODUCERS = 12
NAME, RESTORED = "recall_system_backup", "recall_system_restored"
ANOTHER = "recall_system_restored_again"
SEAL = "env['recall.audit.checkpoint']._cron_seal()"
SIGN_LATER = """\
from datetime import timedelta
from odoo import fields
env["recall.audit.event"]._record("key.reseal", env["recall.reseal"])
env["recall.audit.seal"]._seal_pending()
later = fields.Datetime.now() + timedelta(hours=1)
env["recall.audit.checkpoint"]._sign(later)
"""
#: The content of an attachment, which lies in the store of files.
ATTACHED = "notice of the recall " * 1000
ATTACH = """\
attachment = env["ir.attachment"].create({"name": "kept", "raw": values["text"]})
"""
READ = """\
found = env["ir.attachment"].search([("name", "=", "kept")])
result = found.raw.decode()
"""
OPEN = """\
report = env["recall.completion"].search([], limit=1)
exchange = env["recall.exchange"].search([("body_size", ">", 0)], limit=1)
result = [report._open_phone()[:3], exchange._open_body()[:1].decode()]
"""


class Lost:
    """A regulator that pulled, was backed up, pulled on and was lost."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.fleet, self.folder = fleet, folder
        self.keys = folder / "keys.json"
        make_key_file(self.keys)
        regulator = Regulator(Regulator.site(NAME, self.keys, fleet))
        regulator.make(os.environ.get("RECALL_CAMPAIGN_TEMPLATE"))
        with regulator:
            regulator.connect(fleet.stations, fleet.plans())
            self.confirm_and_pull(regulator)
            regulator.run(ATTACH, text=ATTACHED)
            regulator.run(SEAL)
            self.kept = {s.port: dict(s.terminal.ledger.standing) for s in self.paged}
            self.backup = back_up(
                NAME, folder / "backup", self.keys, folder / "elsewhere"
            )
            self._go_on(regulator)
        self.enterprises = regulator.enterprises
        regulator.database.drop()

    @property
    def paged(self) -> list[Station]:
        return [s for s in self.fleet.stations if not s.terminal.plain]

    def confirm_and_pull(self, regulator: Regulator) -> None:
        for number, station in enumerate(self.fleet.stations):
            station.confirm(3 + number % 4)
        regulator.pull(self.fleet.stations)

    def _go_on(self, regulator: Regulator) -> None:
        """What is not in the backup: new records and corrections of older ones."""
        for station in self.paged[::2]:
            first = next(iter(station.terminal.ledger.standing.values()))
            station.terminal.correct(first, telNum="13900000001")
        for _pull in range(2):
            self.confirm_and_pull(regulator)
        assert not regulator.compare(self.fleet.stations, arrived=True)


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lost]:
    folder = tmp_path_factory.mktemp("backup")
    Cluster().start()
    with Fleet(PRODUCERS, folder, vehicles=60) as fleet:
        yield Lost(fleet, folder)
    for name in (NAME, RESTORED, ANOTHER):
        Regulator.site(name, folder, fleet).drop()


@pytest.fixture(scope="module")
def regulator(lost: Lost) -> Iterator[Regulator]:
    """The regulator that was restored into a database of another name."""
    [keys] = (lost.folder / "elsewhere").iterdir()
    restore(lost.backup, RESTORED, keys)
    regulator = Regulator(Regulator.site(RESTORED, keys, lost.fleet))
    regulator.enterprises = lost.enterprises
    with regulator:
        yield regulator


def test_backup_holds_less_than_was_there(lost: Lost, regulator: Regulator):
    """M-KEEP: records, counters, operation log, files and what is sealed are there."""
    have = regulator.ask(
        "SELECT recall_number, vin, repair_number FROM recall_completion"
    )
    kept = {key for standing in lost.kept.values() for key in standing}
    assert kept <= set(have)
    assert regulator.wrong_counters() == []
    assert regulator.run(READ) == ATTACHED
    assert regulator.run(OPEN) == ["138", "{"]
    log = "result = env['recall.audit.checkpoint']._verify()"
    assert regulator.run(log) is None


def test_restored_regulator_loses_what_was_acknowledged(
    lost: Lost, regulator: Regulator
):
    """M-KEEP M-PULL X-FAULT: what came after the backup comes again, and no more."""
    before = regulator.compare(lost.fleet.stations, arrived=True)
    assert before.lost, "nothing came after the backup: the test shows nothing"
    assert not (before.doubled or regulator.ask("SELECT FROM recall_quarantine"))
    regulator.pull(lost.fleet.stations)
    assert not regulator.compare(lost.fleet.stations, arrived=True)
    assert regulator.ask("SELECT FROM recall_quarantine") == []
    lost.confirm_and_pull(regulator)
    assert not regulator.compare(lost.fleet.stations, arrived=True)
    assert regulator.wrong_counters() == []


def test_keys_are_kept_with_the_backup(lost: Lost):
    """M-KEEP X-CRYPTO: no key is in the backup, and none may be put beside it."""
    secrets = [
        value.encode() for value in lost.keys.read_text().split('"') if len(value) >= 32
    ]
    assert secrets
    for path in lost.backup.iterdir():
        content = path.read_bytes()
        assert not [value for value in secrets if value in content], path
    for folder in (lost.folder / "backup", lost.folder / "backup" / "keys"):
        with pytest.raises(StackError, match="apart"):
            back_up(NAME, lost.folder / "backup", lost.keys, folder)


@pytest.mark.parametrize("part", ["database.dump", "files.tar"])
def test_damaged_backup_is_restored(lost: Lost, part: str):
    """M-KEEP: a single changed byte is found before anything is restored."""
    path = lost.backup / part
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    good = path.read_bytes()
    path.write_bytes(content)
    try:
        with pytest.raises(StackError, match="damaged"):
            restore(lost.backup, "recall_system_damaged", lost.keys)
    finally:
        path.write_bytes(good)
    assert not Cluster().exists("recall_system_damaged")


def test_wrong_keys_are_taken_or_a_database_overwritten(
    lost: Lost, regulator: Regulator, tmp_path: Path
):
    """M-KEEP: other keys open nothing, and what is there stays; a person is told."""
    other = tmp_path / "keys.json"
    make_key_file(other)
    with pytest.raises(StackError, match="lacks the keys"):
        restore(lost.backup, "recall_system_damaged", other)
    command = ["restore", str(lost.backup), RESTORED, "--keys", str(lost.keys)]
    assert "never overwrites" in refusal(command)


def refusal(command: list[str]) -> str:
    """What the program says when it refuses: one line."""
    result = subprocess.run(
        [str(PYTHON), str(ROOT / "scripts" / "backup.py"), *command],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (1, "")
    [line] = result.stderr.splitlines()
    return line


# === FILES === #


def content_of(data: Path) -> Path:
    """The file of the attachment, in the store of RESTORED below a `data_dir`."""
    name = hashlib.sha1(ATTACHED.encode()).hexdigest()
    return data / "filestore" / RESTORED / name[:2] / name


def damage(path: Path) -> None:
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-1])


@pytest.fixture
def data(regulator: Regulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The `data_dir` of an operator's own Odoo, with the files of RESTORED."""
    folder = tmp_path / "data"
    shutil.copytree(FileStore(RESTORED).folder, folder / "filestore" / RESTORED)
    monkeypatch.setenv("ODOO_DATA_DIR", str(folder))
    return folder


@pytest.mark.parametrize(
    ("harm", "lacking"),
    [
        (lambda data: shutil.rmtree(data / "filestore"), "missing or damaged"),
        (lambda data: content_of(data).unlink(), "1 of the "),
        (lambda data: damage(content_of(data)), "1 of the "),
    ],
    ids=["no folder", "one file", "its last byte"],
)
def test_backup_without_its_files_is_called_one(
    lost: Lost, data: Path, tmp_path: Path, harm: Callable[[Path], None], lacking: str
):
    """M-KEEP: an operator whose files lie elsewhere is told; nothing is left behind."""
    harm(data)
    target, safe = tmp_path / "backup", tmp_path / "safe"
    keys = ["--keys", str(lost.keys), str(safe)]
    said = refusal(["backup", RESTORED, str(target), *keys])
    assert lacking in said and str(data / "filestore" / RESTORED) in said
    assert "ODOO_DATA_DIR must be the data_dir" in said
    assert not list(target.iterdir()) and not safe.exists()


def test_files_outside_the_checkout_are_not_backed_up(
    lost: Lost, data: Path, tmp_path: Path
):
    """M-KEEP: what ODOO_DATA_DIR holds is in the backup, all that is named of it."""
    backup = back_up(RESTORED, tmp_path / "backup", lost.keys, tmp_path / "safe")
    kept = content_of(data)
    with tarfile.open(backup / FILES) as archive:
        member = archive.extractfile(str(kept.relative_to(kept.parents[1])))
        assert member.read().decode() == ATTACHED


def without_files(backup: Path, folder: Path) -> Path:
    """A backup as it was made where the store lay elsewhere: whole, but for files."""
    shutil.copytree(backup, folder)
    tarfile.open(folder / FILES, "w").close()
    manifest = json.loads((folder / MANIFEST).read_text())
    content = (folder / FILES).read_bytes()
    manifest["sha256"][FILES] = hashlib.sha256(content).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest))
    return folder


@contextmanager
def dropped(lost: Lost) -> Iterator[str]:
    """The name of a database that goes when the test ends."""
    try:
        yield ANOTHER
    finally:
        Regulator.site(ANOTHER, lost.keys, lost.fleet).drop()


def test_restore_without_files_is_proven(lost: Lost, tmp_path: Path):
    """M-KEEP: what the database names and the backup lacks is found by the proof."""
    backup = without_files(lost.backup, tmp_path / "bare")
    with dropped(lost) as name, pytest.raises(StackError, match="missing or damaged"):
        restore(backup, name, lost.keys)


# === KEYS THAT WERE DESTROYED === #


def without_seal_key(keys: Path, target: Path) -> str:
    """Write a copy of a key file whose sealing key was destroyed; returns its id."""
    shutil.copy(keys, target)
    [gone] = json.loads(keys.read_text())["seal"]
    run_key_file("rotate", target, "--seal")
    run_key_file("retire", target, gone, "--seal")
    return gone


def run_key_file(command: str, *words: Path | str) -> None:
    program = ADDONS / "recall_base" / "tools" / "key_file.py"
    subprocess.run([sys.executable, program, command, *map(str, words)], check=True)


def keys_of(path: Path) -> set[str]:
    """The keys in a file, as `use:id`."""
    content = json.loads(path.read_text())
    del content["active"]
    return {f"{use}:{kid}" for use, keys in content.items() for kid in keys}


def test_destroyed_key_makes_earlier_backups_useless(lost: Lost, tmp_path: Path):
    """M-KEEP X-CRYPTO: they are restored without it, and its data stays erased."""
    keys = tmp_path / "keys.json"
    gone = without_seal_key(lost.keys, keys)
    said = refusal(["restore", str(lost.backup), ANOTHER, "--keys", str(keys)])
    assert f"lacks the keys seal:{gone};" in said and f'WITHOUT="{gone}"' in said
    with dropped(lost) as name:
        found = restore(lost.backup, name, keys, without=[gone])
        erased = found["erased"][gone]
        assert erased["recall.completion"] == found["repair_reports"]
        assert erased["recall.enterprise"] == PRODUCERS
        with Regulator(Regulator.site(name, keys, lost.fleet)) as regulator:
            assert regulator.wrong_counters() == []
            assert regulator.run(READ) == ATTACHED
            with pytest.raises(StackError, match=r"SealError.*key"):
                regulator.run(OPEN)


def test_destroyed_key_is_asked_for_by_backups_made_since(
    lost: Lost, regulator: Regulator, tmp_path: Path
):
    """M-KEEP X-CRYPTO: what is known to be erased needs no key, and no WITHOUT."""
    keys = tmp_path / "keys.json"
    gone = without_seal_key(lost.keys, keys)
    with listed(regulator, keys):
        backup = back_up(RESTORED, tmp_path / "backup", keys, tmp_path / "safe")
    with dropped(lost) as name:
        assert restore(backup, name, keys)["erased"][gone]


def test_other_keys_are_left_out(lost: Lost, tmp_path: Path):
    """M-KEEP X-CRYPTO: only sealing keys are; without the others nothing is found."""
    other = tmp_path / "keys.json"
    make_key_file(other)
    [kid] = json.loads(lost.keys.read_text())["seal"]
    with pytest.raises(StackError, match="lacks the keys") as refused:
        restore(lost.backup, ANOTHER, other, without=[kid])
    assert f"blind:{kid}, sign:{kid}, token:{kid}" in str(refused.value)
    assert "WITHOUT" not in str(refused.value)


# === KEYS THAT ARE MISSING === #


@contextmanager
def listed(regulator: Regulator, keys: Path) -> Iterator[None]:
    """The server of a database has this key file, and its hourly job has run."""
    regulator.run(f"import os; os.environ['RECALL_KEY_FILE'] = {str(keys)!r}")
    regulator.run("env['recall.reseal']._cron_run()")
    try:
        yield
    finally:
        regulator.run("env['recall.key'].search([]).unlink()")


@pytest.mark.parametrize("uses", [["--year", "2031"], ["--seal"], ["--token"]])
def test_stale_copy_of_the_key_file_is_kept(
    lost: Lost, regulator: Regulator, tmp_path: Path, uses: list[str]
):
    """M-KEEP X-CRYPTO: a backup whose keys open less than is sealed is none."""
    live, target, safe = (tmp_path / name for name in ("live", "backup", "safe"))
    shutil.copy(lost.keys, live)
    run_key_file("rotate", live, *uses)
    words = ["backup", RESTORED, str(target), "--keys"]
    with listed(regulator, live):
        said = refusal([*words, str(lost.keys), str(safe)])
        assert back_up(RESTORED, target, live, safe)
    [new] = keys_of(live) - keys_of(lost.keys)
    assert f"lacks the keys {new} of {RESTORED}" in said and "RECALL_KEY_FILE" in said


def test_restore_with_a_stale_key_file_is_proven(lost: Lost, tmp_path: Path):
    """M-KEEP X-CRYPTO: what no key opens counts as erased only where that is said."""
    backup, keys = tmp_path / "backup", tmp_path / "keys.json"
    gone = without_seal_key(lost.keys, keys)
    shutil.copytree(lost.backup, backup)
    manifest = json.loads((backup / MANIFEST).read_text())
    manifest["key_ids"] = sorted(keys_of(keys) & keys_of(lost.keys))
    (backup / MANIFEST).write_text(json.dumps(manifest))
    with dropped(lost) as name:
        said = refusal(["restore", str(backup), name, "--keys", str(keys)])
    assert f"lacks the keys seal:{gone};" in said and f'WITHOUT="{gone}"' in said


def test_checkpoints_made_since_make_a_sound_restore_wrong(
    lost: Lost, regulator: Regulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """M-KEEP: the variables of the server may be set where it is restored."""
    file = tmp_path / "checkpoints.txt"
    regulator.run(f"import os; os.environ['RECALL_CHECKPOINT_FILE'] = {str(file)!r}")
    regulator.run(SIGN_LATER)
    assert file.read_text()
    monkeypatch.setenv("RECALL_CHECKPOINT_FILE", str(file))
    with dropped(lost) as name:
        assert restore(lost.backup, name, lost.keys)["log_sealed"]
