# SPDX-License-Identifier: LGPL-3.0-only
import json
import os
import stat

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import example, given
from hypothesis import strategies as st
from tools import cipher, key_file

CONTEXT = "recall.completion:tel_num:S2026M0008V/LSV/R1"
PHONE = "13800138000"


def document(alg="SM4-GCM"):
    return key_file.new_key_document(alg)


def two_key_ring(active="b"):
    """A ring in which every section has the keys a (SM4) and b (AES)."""
    return cipher.KeyRing.from_document(
        {
            "token": {"a": "01" * 32, "b": "02" * 32},
            "seal": {
                "a": {"alg": "SM4-GCM", "key": "03" * 16},
                "b": {"alg": "AES-256-GCM", "key": "04" * 32},
            },
            "blind": {"a": "05" * 32, "b": "06" * 32},
            "active": dict.fromkeys(cipher.SECTIONS, active),
        }
    )


RINGS = {"SM4-GCM": two_key_ring("a"), "AES-256-GCM": two_key_ring("b")}


@pytest.fixture
def key_path(tmp_path):
    path = tmp_path / "keys.json"
    key_file.generate_key_file(path)
    return path


@pytest.mark.parametrize("alg", RINGS)
@example("\ud800", "\ud800")
@given(st.text(), st.text(min_size=1))
def test_sealed_text_opens_again(alg, text, context):
    """X-CRYPTO: what is sealed with SM4-GCM or AES-GCM can be read again."""
    sealed = RINGS[alg].seal(text, context)
    assert sealed.startswith(f"{alg}|")
    assert sealed.count("|") == 3
    assert sealed.isascii()
    assert RINGS[alg].open(sealed, context) == text


@pytest.mark.parametrize("alg", RINGS)
def test_sealed_text_differs_each_time(alg):
    assert len({RINGS[alg].seal(PHONE, CONTEXT) for _ in range(100)}) == 100


@pytest.mark.parametrize("alg", RINGS)
def test_sealed_text_opens_in_no_other_record(alg):
    """X-CRYPTO: a sealed text copied to another record or field does not open."""
    sealed = RINGS[alg].seal(PHONE, CONTEXT)
    with pytest.raises(cipher.SealError) as caught:
        RINGS[alg].open(sealed, CONTEXT.replace("R1", "R2"))
    assert caught.value.code == "seal"
    assert PHONE not in str(caught.value)


@pytest.mark.parametrize("alg", RINGS)
def test_any_altered_character_is_noticed(alg):
    """X-TAMPER: no character of a sealed text can be changed unnoticed."""
    sealed = RINGS[alg].seal(PHONE, CONTEXT)
    for index, char in enumerate(sealed):
        altered = sealed[:index] + ("A" if char != "A" else "B") + sealed[index + 1 :]
        with pytest.raises(cipher.SealError):
            RINGS[alg].open(altered, CONTEXT)
    for altered in (sealed[:-1], sealed + "A", sealed + "=", sealed + "\n"):
        with pytest.raises(cipher.SealError):
            RINGS[alg].open(altered, CONTEXT)


@pytest.mark.parametrize("text", ["1" * 11, "1" * 12, "1" * 13])
def test_sealed_text_has_one_spelling_only(text):
    """X-TAMPER: also the bits that base64url does not use are fixed."""
    ring = RINGS["SM4-GCM"]
    sealed = ring.seal(text, CONTEXT)
    for char in set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefgh0123456789-_") - {sealed[-1]}:
        with pytest.raises(cipher.SealError):
            ring.open(sealed[:-1] + char, CONTEXT)


def test_sealed_text_is_bound_to_its_key_id():
    content = document()
    (kid,) = content["seal"]
    sealed = cipher.KeyRing.from_document(content).seal(PHONE, CONTEXT)
    content["seal"] = {"other": content["seal"][kid]}
    content["active"]["seal"] = "other"
    with pytest.raises(cipher.SealError) as caught:
        cipher.KeyRing.from_document(content).open(
            sealed.replace(f"|{kid}|", "|other|"), CONTEXT
        )
    assert caught.value.code == "seal"


@given(st.text() | st.none() | st.booleans() | st.binary())
def test_what_was_never_sealed_is_refused(value):
    with pytest.raises(cipher.SealError) as caught:
        RINGS["SM4-GCM"].open(value, CONTEXT)
    assert caught.value.code == "form"


@pytest.mark.parametrize("box", ["A" * 22, "A" * 25, "A" * 23, "B" * 22])
def test_envelope_with_an_impossible_body_is_refused(box):
    with pytest.raises(cipher.SealError):
        RINGS["SM4-GCM"].open(f"SM4-GCM|a|{'A' * 16}|{box}", CONTEXT)


def test_old_key_still_opens_and_a_removed_one_is_named():
    sealed = two_key_ring("a").seal(PHONE, CONTEXT)
    assert two_key_ring("b").open(sealed, CONTEXT) == PHONE
    with pytest.raises(cipher.SealError) as caught:
        cipher.KeyRing.from_document(document()).open(sealed, CONTEXT)
    assert caught.value.code == "key"


def test_key_of_another_algorithm_is_not_used():
    sealed = two_key_ring("a").seal(PHONE, CONTEXT)
    with pytest.raises(cipher.SealError) as caught:
        two_key_ring("a").open(sealed.replace("SM4-GCM", "AES-256-GCM"), CONTEXT)
    assert caught.value.code == "key"


def test_sealing_for_no_context_is_refused():
    with pytest.raises(ValueError, match="context"):
        two_key_ring().seal(PHONE, "")


@given(st.text(), st.text())
def test_blind_digests_are_equal_only_for_equal_texts(one, other):
    """X-CRYPTO: phone numbers are compared by keyed SM3 digests."""
    ring = RINGS["SM4-GCM"]
    assert len(bytes.fromhex(ring.blind(one))) == 32
    assert (ring.blind(one) == ring.blind(other)) == (one == other)


def test_blind_digest_is_found_after_a_rotation():
    old, new = two_key_ring("a"), two_key_ring("b")
    assert old.blind(PHONE) != new.blind(PHONE)
    assert new.blinds(PHONE) == [new.blind(PHONE), old.blind(PHONE)]
    assert old.blinds(PHONE) == [old.blind(PHONE), new.blind(PHONE)]


def test_blind_digest_needs_the_key():
    one = cipher.KeyRing.from_document(document())
    other = cipher.KeyRing.from_document(document())
    assert one.blind(PHONE) != other.blind(PHONE)


def test_new_key_file_is_private_and_usable(key_path):
    """X-CRYPTO: keys are made outside the database, for their owner only."""
    assert stat.S_IMODE(os.stat(key_path).st_mode) == 0o600
    ring = cipher.KeyRing.from_file(key_path)
    assert ring.open(ring.seal(PHONE, CONTEXT), CONTEXT) == PHONE
    assert ring.active["token"] in ring.token_keys
    assert {len(key) for key in ring.token_keys.values()} == {32}


@pytest.mark.parametrize("alg", RINGS)
def test_new_key_file_has_the_algorithm_asked_for(tmp_path, alg):
    key_file.generate_key_file(tmp_path / "keys.json", alg)
    ring = cipher.KeyRing.from_file(tmp_path / "keys.json")
    assert [key.alg for key in ring.seal_keys.values()] == [alg]


def test_existing_file_is_never_overwritten(key_path):
    before = key_path.read_bytes()
    with pytest.raises(cipher.KeyFileError, match="File exists"):
        key_file.generate_key_file(key_path)
    assert key_path.read_bytes() == before


def test_key_file_in_no_folder_is_reported(tmp_path):
    with pytest.raises(cipher.KeyFileError, match="cannot be made"):
        key_file.generate_key_file(tmp_path / "missing" / "keys.json")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610, 0o666])
def test_key_file_open_to_others_is_refused(key_path, mode):
    key_path.chmod(mode)
    with pytest.raises(cipher.KeyFileError, match="chmod 600"):
        cipher.KeyRing.from_file(key_path)


def test_missing_key_file_is_reported(tmp_path):
    with pytest.raises(cipher.KeyFileError, match="cannot be read"):
        cipher.KeyRing.from_file(tmp_path / "keys.json")


def test_pipe_as_key_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(cipher.KeyFileError, match="regular file"):
        cipher.KeyRing.from_file(tmp_path / "pipe")


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"\xff", b"[" * 100_000, b'{"token": {}, "token": {}}']
)
def test_damaged_key_file_is_reported(key_path, raw):
    key_path.write_bytes(raw)
    with pytest.raises(cipher.KeyFileError, match="is no JSON"):
        cipher.KeyRing.from_file(key_path)


def changed(section, entries):
    """A key file's content with one section replaced."""
    return document() | {section: entries}


@pytest.mark.parametrize(
    ("content", "match"),
    [
        (None, "no JSON object"),
        ([], "no JSON object"),
        ({}, '"token" must be an object'),
        (changed("token", {}), '"token" must be an object'),
        (changed("blind", ["00" * 32]), '"blind" must be an object'),
        (changed("token", {"a|b": "00" * 32}), "key ids"),
        (changed("token", {"a$b": "00" * 32}), "key ids"),
        (changed("token", {"": "00" * 32}), "key ids"),
        (changed("token", {"a": "00" * 31}), '"token", key a: the key must be 64'),
        (changed("token", {"a": "zz" * 32}), '"token", key a'),
        (changed("token", {"a": "0٣" * 32}), '"token", key a'),
        (changed("token", {"a": 7}), '"token", key a'),
        (changed("seal", {"a": "00" * 16}), '"alg" must be one of'),
        (changed("seal", {"a": {"alg": "DES", "key": "00"}}), '"alg" must be one of'),
        (changed("seal", {"a": {"alg": [], "key": "00"}}), '"alg" must be one of'),
        (changed("seal", {"a": {"alg": "SM4-GCM"}}), "32 hexadecimal"),
        (changed("seal", {"a": {"alg": "SM4-GCM", "key": "00" * 32}}), "32 hexa"),
        (changed("seal", {"a": {"alg": "AES-256-GCM", "key": "00" * 16}}), "64 hexa"),
        (changed("active", None), '"active" must name a key of "token"'),
        (changed("active", {"token": "gone"}), '"active" must name a key of "token"'),
        (changed("active", {"token": []}), '"active" must name a key of "token"'),
        (changed("token", {"a": "00" * 32, "b": "00" * 32}) | {"active": {}}, "active"),
    ],
)
def test_wrong_key_file_is_explained(content, match):
    with pytest.raises(cipher.KeyFileError, match=match):
        cipher.KeyRing.from_document(content)


def test_one_key_for_two_uses_is_refused():
    content = document()
    content["blind"] = dict(content["token"])
    with pytest.raises(cipher.KeyFileError, match="same key"):
        cipher.KeyRing.from_document(content)


def test_messages_and_repr_hold_no_key(key_path):
    content = json.loads(key_path.read_text())
    (kid,) = content["token"]
    (entry,) = content["seal"].values()
    ring = cipher.KeyRing.from_file(key_path)
    shown = repr(ring) + repr(ring.seal_keys)
    for key in (content["token"][kid], content["blind"][kid], entry["key"]):
        assert key not in shown
        assert repr(bytes.fromhex(key))[2:-1] not in shown
    content["token"][kid] += "00"
    with pytest.raises(cipher.KeyFileError) as caught:
        cipher.KeyRing.from_document(content)
    assert content["token"][kid][:8] not in str(caught.value)


def test_error_of_a_file_names_the_file(key_path):
    key_path.write_text("{}")
    with pytest.raises(cipher.KeyFileError, match=r"keys\.json: "):
        cipher.KeyRing.from_file(key_path)


@pytest.mark.parametrize("value", [None, ""])
def test_unset_variable_is_named(monkeypatch, value):
    monkeypatch.delenv("RECALL_KEY_FILE", raising=False)
    if value is not None:
        monkeypatch.setenv("RECALL_KEY_FILE", value)
    with pytest.raises(cipher.KeyFileError, match="RECALL_KEY_FILE"):
        cipher.KeyRing.from_environment()


def test_file_of_the_environment_is_read_once_until_it_changes(monkeypatch, key_path):
    monkeypatch.setenv("RECALL_KEY_FILE", str(key_path))
    ring = cipher.KeyRing.from_environment()
    assert cipher.KeyRing.from_environment() is ring
    fresh = key_path.with_name("fresh.json")
    key_file.generate_key_file(fresh)
    fresh.replace(key_path)
    changed_ring = cipher.KeyRing.from_environment()
    assert changed_ring.token_keys != ring.token_keys
    key_path.chmod(0o644)
    with pytest.raises(cipher.KeyFileError, match="chmod 600"):
        cipher.KeyRing.from_environment()
    key_path.unlink()
    with pytest.raises(cipher.KeyFileError, match="cannot be read"):
        cipher.KeyRing.from_environment()


def test_self_test_passes_here():
    """X-CRYPTO: SM3, SM4 and SM4-GCM compute what their standards say."""
    cipher.self_test()


def test_aes_gcm_computes_the_specification_s_example():
    """X-CRYPTO: AES-256-GCM, test case 14 of its specification."""
    key = cipher.SealKey("AES-256-GCM", bytes(32))
    box = cipher._encrypt(key, bytes(12), bytes(16), b"")
    expected = "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"
    assert box.hex() == expected
    assert cipher._decrypt(key, bytes(12), box, b"") == bytes(16)


@pytest.mark.parametrize(
    ("vector", "value", "name"),
    [
        ("_SM3_VECTORS", ((b"abc", "00" * 32),), "SM3"),
        ("_SM4_BOX", "00" * 16, "SM4"),
        ("_SM4_GCM_BOX", "00" * 80, "SM4-GCM"),
    ],
)
def test_self_test_notices_a_wrong_result(monkeypatch, vector, value, name):
    monkeypatch.setattr(cipher, vector, value)
    with pytest.raises(cipher.SelfTestError, match=f"^{name} differs"):
        cipher.self_test()


def test_self_test_says_when_an_algorithm_is_missing(monkeypatch):
    def missing(*_arguments):
        raise UnsupportedAlgorithm("no SM4")

    monkeypatch.setattr(cipher, "Cipher", missing)
    with pytest.raises(cipher.SelfTestError, match="no SM4"):
        cipher.self_test()
