# SPDX-License-Identifier: LGPL-3.0-only
import json
import os
import stat
import subprocess
import sys
from datetime import date
from types import SimpleNamespace

import pytest
from tools import cipher, key_file

CONTEXT = "recall.completion:phone:S2026M0008V|LSV|R1"
PHONE = "13800138000"
THIS_YEAR = date.today().year


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "keys.json"
    key_file.generate_key_file(path)
    return path


def run(path, command, *more):
    """Run the program as an administrator does; returns the ring of the file."""
    assert key_file.main([command, str(path), *more]) == 0
    return cipher.KeyRing.from_file(path)


def refused(path, capsys, command, *more):
    """What the program says to a command that it refuses; nothing was changed."""
    before = path.read_bytes()
    assert key_file.main([command, str(path), *more]) == 1
    assert path.read_bytes() == before
    return capsys.readouterr().err


def in_year(monkeypatch, year):
    day = SimpleNamespace(today=lambda: date(year, 6, 1))
    monkeypatch.setattr(cipher, "date", day)


def test_program_makes_and_checks_a_key_file(tmp_path):
    """X-CRYPTO: the documented command works by itself, with no Odoo."""
    path = str(tmp_path / "keys.json")

    def run(command):
        return subprocess.run(
            [sys.executable, key_file.__file__, command, path],
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("check").returncode == 1
    assert (run("generate").returncode, run("check").returncode) == (0, 0)
    again = run("generate")
    assert again.returncode == 1
    assert again.stderr == f"the key file {path} cannot be made: File exists\n"
    assert run("rotate").stdout.strip() in cipher.KeyRing.from_file(path).seal_keys


def test_rotation_loses_what_was_sealed_before(path):
    """X-CRYPTO: a new key of each use is active, and the old ones go on reading."""
    old = cipher.KeyRing.from_file(path)
    sealed = old.seal(PHONE, CONTEXT)
    new = run(path, "rotate")
    assert new.open(sealed, CONTEXT) == PHONE
    assert cipher.kid_of(new.seal(PHONE, CONTEXT)) == new.active["seal"]
    assert new.blinds(PHONE) == [new.blind(PHONE), old.blind(PHONE)]
    for use in key_file.USES:
        assert new.active[use] != old.active[use]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_file_that_root_rotates_is_closed_to_the_servers(monkeypatch, path):
    """X-CRYPTO: it is given to its owner, before a key is written into it."""
    given = []
    before = path.stat()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(
        os,
        "fchown",
        lambda descriptor, *owner: given.append((os.fstat(descriptor).st_size, owner)),
    )
    run(path, "rotate")
    assert given == [(0, (before.st_uid, before.st_gid))]


@pytest.mark.parametrize("use", key_file.USES)
def test_rotation_of_one_use_changes_another(path, use):
    old = cipher.KeyRing.from_file(path)
    new = run(path, "rotate", f"--{use}")
    changed = {name for name in key_file.USES if new.active[name] != old.active[name]}
    assert changed == {use}


def test_old_key_file_without_signing_key_is_refused_or_signs(path):
    """X-TAMPER: an older file opens all it did, and says how to get a signing key."""
    content = json.loads(path.read_text())
    del content["sign"], content["active"]["sign"]
    path.write_text(json.dumps(content))
    ring = cipher.KeyRing.from_file(path)
    with pytest.raises(cipher.KeyFileError, match="rotate --sign"):
        ring.signing_key()
    first = run(path, "rotate", "--sign")
    assert first.token_keys == ring.token_keys
    second = run(path, "rotate", "--sign")
    assert len(second.sign_keys) == 2
    assert second.signing_key() != first.signing_key() in second.sign_keys.values()


def test_next_year_s_key_is_used_too_early_or_not_at_all(monkeypatch, path):
    """X-CRYPTO: a key made ahead begins to be used when its year begins."""
    this = cipher.KeyRing.from_file(path)
    ring = run(path, "rotate", "--year", str(THIS_YEAR + 1))
    assert ring.active == this.active
    assert ring.sealing_kid() == this.sealing_kid()
    in_year(monkeypatch, THIS_YEAR + 1)
    assert cipher.year_of(ring.sealing_kid()) == THIS_YEAR + 1
    assert this.sealing_kid() == this.active["seal"], "no key was made ahead"


def test_value_leaves_its_year_when_it_is_sealed_anew(path):
    """X-CRYPTO: a year's data stays under a key of that year."""
    old = cipher.KeyRing.from_file(path)
    run(path, "rotate", "--year", str(THIS_YEAR - 1))
    earlier = run(path, "rotate", "--year", str(THIS_YEAR - 1))
    first, second = (
        kid for kid in earlier.seal_keys if cipher.year_of(kid) == THIS_YEAR - 1
    )
    assert (earlier.successor(first), earlier.successor(second)) == (second, second)
    new = run(path, "rotate", "--seal")
    assert new.successor(old.active["seal"]) == new.active["seal"]
    assert new.successor(first) == second


def test_retired_key_still_opens_something(path):
    """X-CRYPTO: destroying a key destroys what was sealed with it, copies included."""
    old = cipher.KeyRing.from_file(path)
    sealed = old.seal(PHONE, CONTEXT)
    run(path, "rotate")
    kid = old.active["seal"]
    ring = run(path, "retire", kid, "--seal")
    with pytest.raises(cipher.SealError) as caught:
        ring.open(sealed, CONTEXT)
    assert caught.value.code == "key"
    assert kid in ring.token_keys
    assert kid in ring.blind_keys
    ring = run(path, "retire", kid)
    assert kid not in {*ring.token_keys, *ring.blind_keys}
    assert kid in ring.sign_keys, "older checkpoints are verified with it"


def test_key_in_use_is_retired(monkeypatch, path, capsys):
    kid = cipher.KeyRing.from_file(path).active["seal"]
    assert "rotate first" in refused(path, capsys, "retire", kid)
    assert "no such key" in refused(path, capsys, "retire", "20250101-unknown")
    run(path, "rotate", "--year", str(THIS_YEAR + 1))
    in_year(monkeypatch, THIS_YEAR + 1)
    ring = run(path, "retire", kid, "--seal")
    assert cipher.year_of(ring.active["seal"]) == THIS_YEAR + 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--token", "--year", "2001"), "only seal keys"),
        (("--year", "x"), "a year has"),
    ],
)
def test_wrong_year_is_taken(path, capsys, arguments, told):
    try:
        message = refused(path, capsys, "rotate", *arguments)
    except SystemExit:
        message = capsys.readouterr().err
    assert told in message


def test_broken_rotation_leaves_a_broken_file(path, capsys):
    """A `.new` that a killed run left is never taken over nor written over."""
    left = path.with_name("keys.json.new")
    left.write_text("half")
    assert "File exists" in refused(path, capsys, "rotate")
    assert left.read_text() == "half"
