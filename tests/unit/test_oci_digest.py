"""Digests and chain IDs, against the example of the image specification."""

import hashlib

from engine.oci import digest as digests

A, B = digests.sha256(b"a"), digests.sha256(b"b")


def test_a_digest_is_sha256_in_hex() -> None:
    assert digests.sha256(b"test") == "sha256:" + hashlib.sha256(b"test").hexdigest()


def test_the_first_chain_id_is_the_diff_id() -> None:
    assert digests.chain_ids([A]) == (A,)


def test_a_chain_id_is_the_digest_of_what_is_below_and_the_diff_id() -> None:
    assert digests.chain_ids([A, B])[1] == digests.sha256(f"{A} {B}".encode())


def test_the_same_layer_has_another_chain_id_on_other_layers() -> None:
    assert digests.chain_ids([A, B])[1] != digests.chain_ids([B, B])[1]


def test_what_could_lead_out_of_a_directory_is_no_digest() -> None:
    for text in ("sha256:../../etc", A.upper(), A + "\n", A[:-1], "", "sha512:" + A):
        assert not digests.valid(text)


def test_a_short_digest_has_twelve_digits() -> None:
    assert digests.short(A) == digests.short(digests.hex_of(A)) == A[7:19]
