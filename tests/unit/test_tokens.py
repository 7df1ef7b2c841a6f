# SPDX-License-Identifier: LGPL-3.0-only
import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from hypothesis import example, given
from hypothesis import strategies as st
from tools import tokens

KEYS = {"old": b"o" * 32, "new": b"n" * 32}


def secret_of(token):
    return tokens.split(token)[1]


def test_token_opens_what_it_was_made_for():
    """E-OPEN: an issued token is accepted."""
    key_id, token, stored = tokens.new_token(KEYS, "new")
    assert tokens.split(token) == (key_id, token[len(key_id) + 1 :])
    assert tokens.matches(secret_of(token), stored, KEYS)


def test_stored_form_does_not_hold_the_secret():
    """X-CRYPTO: only a keyed SM3 digest of a token is stored."""
    made = tokens.new_token(KEYS, "new")
    kid, _, digest = made.stored.partition("$")
    assert kid == "new"
    assert digest == tokens.digest(secret_of(made.token), KEYS["new"])
    assert len(bytes.fromhex(digest)) == 32
    assert secret_of(made.token) not in made.stored


def test_tokens_differ():
    made = [tokens.new_token(KEYS, "new") for _ in range(200)]
    for column in zip(*made, strict=True):
        assert len(set(column)) == 200
    # 43 characters of base64url hold 256 bits.
    assert {len(secret_of(token)) for _, token, _ in made} == {43}


def test_token_made_under_an_old_key_stays_valid_until_the_key_goes():
    """E-OPEN: keys are rotated without breaking tokens in use."""
    made = tokens.new_token(KEYS, "old")
    secret = secret_of(made.token)
    assert tokens.matches(secret, made.stored, KEYS)
    assert not tokens.matches(secret, made.stored, {"new": KEYS["new"]})
    swapped = {"old": KEYS["new"], "new": KEYS["old"]}
    assert not tokens.matches(secret, made.stored, swapped)


def test_unknown_active_key_is_an_error():
    with pytest.raises(KeyError):
        tokens.new_token(KEYS, "gone")


@pytest.mark.parametrize(
    "change",
    [
        lambda stored: None,
        lambda stored: False,
        lambda stored: "",
        lambda stored: stored.encode(),
        lambda stored: stored + "\n",
        lambda stored: stored[:-1],
        lambda stored: stored.partition("$")[2],
        lambda stored: stored.replace("new$", "old$"),
        lambda stored: stored.replace("new$", "gone$"),
        lambda stored: stored[:-1] + ("0" if stored[-1] != "0" else "1"),
    ],
)
def test_damaged_digest_matches_nothing(change):
    _, token, stored = tokens.new_token(KEYS, "new")
    assert not tokens.matches(secret_of(token), change(stored), KEYS)


@example("\ud800")
@given(st.text(max_size=50) | st.none() | st.integers() | st.binary(max_size=50))
def test_wrong_secret_matches_nothing(secret):
    """X-ATTACK: no input but the secret itself is accepted, and none is an error."""
    stored = "new$" + tokens.digest("the secret", KEYS["new"])
    assert not tokens.matches(secret, stored, KEYS)
    assert not tokens.matches(secret, None, KEYS)
    assert not tokens.matches(secret, None, {})


def test_empty_secret_does_not_pass_for_what_is_not_text():
    stored = "new$" + tokens.digest("", KEYS["new"])
    assert tokens.matches("", stored, KEYS)
    assert not tokens.matches(None, stored, KEYS)


def test_unknown_key_id_costs_one_digest_like_a_known_one(monkeypatch):
    """X-ATTACK: whether a key id exists cannot be told from the work done."""
    computed = []
    digest = tokens.digest
    monkeypatch.setattr(
        tokens, "digest", lambda secret, key: computed.append(1) or digest(secret, key)
    )
    stored = "new$" + digest("the secret", KEYS["new"])
    for candidate in (stored, None, "gone$" + "0" * 64, "damaged"):
        computed.clear()
        tokens.matches("wrong", candidate, KEYS)
        assert computed == [1]


@pytest.mark.parametrize(
    "token",
    [
        None,
        7,
        b"0123456789abcdef." + b"s" * 43,
        "",
        ".",
        "0123456789abcdef",
        "0123456789abcdef." + "s" * 42,
        "0123456789abcdef." + "s" * 44,
        "0123456789abcdef." + "s" * 43 + "\n",
        " 0123456789abcdef." + "s" * 43,
        "0123456789ABCDEF." + "s" * 43,
        "0123456789abcdef." + "ſ" * 43,
        "0123456789abcde٣." + "s" * 43,
        "0123456789abcdef.." + "s" * 42,
    ],
)
def test_what_cannot_be_a_token_is_not_split(token):
    assert tokens.split(token) is None


@given(st.text(max_size=80))
def test_any_text_is_split_or_refused(text):
    parts = tokens.split(text)
    assert parts is None or ".".join(parts) == text


def test_self_test_passes_here():
    """X-CRYPTO: SM3 computes what GB/T 32905 says."""
    tokens.self_test()


def test_self_test_notices_a_wrong_digest(monkeypatch):
    monkeypatch.setattr(tokens, "_SM3_VECTORS", ((b"abc", "00" * 32),))
    with pytest.raises(tokens.SelfTestError, match="SM3"):
        tokens.self_test()


def test_self_test_notices_a_wrong_keyed_digest(monkeypatch):
    monkeypatch.setattr(tokens, "_HMAC_DIGEST", "00" * 32)
    with pytest.raises(tokens.SelfTestError, match="HMAC"):
        tokens.self_test()


def test_self_test_says_when_sm3_is_missing(monkeypatch):
    def missing(*_arguments):
        raise UnsupportedAlgorithm("no SM3")

    monkeypatch.setattr(tokens.hashes, "Hash", missing)
    with pytest.raises(tokens.SelfTestError, match="not offered"):
        tokens.self_test()
