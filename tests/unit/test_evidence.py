# SPDX-License-Identifier: LGPL-3.0-only
"""Tree, proofs and checkpoints of the operation log, against RFC 9162's definition."""

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tools import merkle_tree, signed_note, verify_log

SEED = bytes(range(32))
ORIGIN = "recall.example/log"
KEYS = [verify_log.Key.parse(verify_log.key_text(ORIGIN, signed_note.public_key(SEED)))]
SHA256 = verify_log.LogHash("sha256")
# Around the widths at which nodes begin to be kept.
SIZES = st.one_of(
    st.integers(1, 600), st.sampled_from([255, 256, 257, 511, 512, 513, 1024])
)


def leaf(number):
    return SHA256.leaf({"id": str(number)})


LEAVES = [leaf(number) for number in range(1100)]


def definition(leaves):
    """Hash of a list of leaves as RFC 9162, 2.1.1 defines it, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    left, right = definition(leaves[:split]), definition(leaves[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown(*sizes):
    """A tree that was grown in steps; returns it and the levels it keeps."""
    kept = {0: []}
    tree = merkle_tree.MerkleTree(
        SHA256.node, lambda level, first, count: kept[level][first : first + count]
    )
    for old, new in zip((0, *sizes), sizes, strict=False):
        kept[0] += LEAVES[old:new]
        for level, position, node in tree.grow(old, new):
            assert position == len(kept.setdefault(level, []))
            kept[level].append(node)
    return tree, kept


TREE, KEPT = grown(1, 7, 256, 300, 1024, 1100)


def point(size, root=None, **facts):
    text = signed_note.sign_checkpoint(
        ORIGIN,
        size,
        root or definition(LEAVES[:size]),
        {"hash": "sha256", **facts},
        SEED,
    )
    return verify_log.Checkpoint.parse(text)


@given(SIZES)
def test_root_differs_from_the_definition(size):
    """X-TAMPER: frontier and kept nodes give the root that RFC 9162 defines."""
    frontier = verify_log.Frontier(SHA256)
    for entry in LEAVES[:size]:
        frontier.append(entry)
    assert frontier.roots == TREE.frontier(size)
    assert frontier.root() == definition(LEAVES[:size])


def test_tree_keeps_more_than_a_node_for_256_leaves():
    assert {level: len(nodes) for level, nodes in KEPT.items()} == {0: 1100, 8: 4}


@given(st.data(), SIZES)
def test_inclusion_proof_of_an_entry_fails(data, size):
    """X-TAMPER: an entry is proved in each log that holds it, at its place only."""
    index = data.draw(st.integers(0, size - 1))
    path = TREE.inclusion(index, size)
    assert len(path) <= 11
    assert verify_log.is_included(SHA256, LEAVES[index], index, point(size), path)
    other = data.draw(st.integers(0, size).filter(lambda place: place != index))
    assert not verify_log.is_included(SHA256, LEAVES[index], other, point(size), path)
    assert not verify_log.is_included(SHA256, leaf(-1), index, point(size), path)
    if path:
        broken = data.draw(st.integers(0, len(path) - 1))
        spoilt = [*path[:broken], bytes(32), *path[broken + 1 :]]
        for wrong in (spoilt, path[:-1], [*path, path[-1]]):
            assert not verify_log.is_included(
                SHA256, LEAVES[index], index, point(size), wrong
            )


@given(st.data(), SIZES)
def test_consistency_proof_takes_a_log_that_was_rewritten(data, newer):
    """X-TAMPER: a grown log is proved consistent; one with other entries is not."""
    older = data.draw(st.integers(1, newer))
    path = TREE.consistency(older, newer)
    assert verify_log.is_consistent(SHA256, point(older), point(newer), path)
    fake = point(older, SHA256.digest(b"other"))
    assert not verify_log.is_consistent(SHA256, fake, point(newer), path)
    if older < newer:
        fake = point(newer, SHA256.digest(b"other"))
        assert not verify_log.is_consistent(SHA256, point(older), fake, path)
        assert not verify_log.is_consistent(
            SHA256, point(older), point(newer), path[1:]
        )
        assert not verify_log.is_consistent(SHA256, point(newer), point(older), path)


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4),
    st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=4),
)
def test_two_entries_share_an_encoding(one, other):
    encoded = [
        json.dumps(entry, sort_keys=True, ensure_ascii=False) for entry in (one, other)
    ]
    same = verify_log.canonical(one) == verify_log.canonical(other)
    assert same == (one == other) == (encoded[0] == encoded[1])


@given(st.integers(0, 2**40), st.binary(min_size=32, max_size=32))
def test_checkpoint_is_not_read_as_it_was_signed(size, root):
    """X-TAMPER: a checkpoint is signed over origin, size, root and every other line."""
    text = signed_note.sign_checkpoint(
        ORIGIN, size, root, {"time": "2026-01-01T00:00:00Z"}, SEED
    )
    read = verify_log.Checkpoint.parse(text)
    assert (read.origin, read.size, read.root) == (ORIGIN, size, root)
    assert read.facts == {"time": "2026-01-01T00:00:00Z"}
    assert read.is_signed_by(KEYS)
    assert verify_log.read_checkpoints(f"{text}\n{text}\n") == [read, read]


NOTE = signed_note.sign_checkpoint(
    ORIGIN, 5, bytes(32), {"time": "2026-01-01T00:00:00Z"}, SEED
)


@pytest.mark.parametrize("place", range(len(NOTE)))
def test_altered_checkpoint_passes(place):
    """X-TAMPER: whatever character of a checkpoint is altered, it is not accepted."""
    altered = NOTE[:place] + chr(ord(NOTE[place]) ^ 1) + NOTE[place + 1 :]
    try:
        read = verify_log.Checkpoint.parse(altered)
    except verify_log.LogError:
        return
    assert not read.is_signed_by(KEYS)


def test_key_of_another_log_or_a_broken_key_is_taken():
    text = verify_log.key_text(ORIGIN, signed_note.public_key(SEED))
    other = verify_log.key_text("other/log", signed_note.public_key(SEED))
    assert not verify_log.Checkpoint.parse(NOTE).is_signed_by(
        [verify_log.Key.parse(other)]
    )
    for wrong in (text[:-4], text.replace("log+", "lag+"), "", "a+b", text + "AAAA"):
        with pytest.raises(verify_log.LogError):
            verify_log.Key.parse(wrong)
