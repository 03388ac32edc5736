"""Digests: the name of some bytes, computed from the bytes.

    sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    └─ algorithm ─┴─ 64 hex digits

Who knows the digest can check the bytes, wherever they came from. Four things of an
image are named so, and they are four different names:

    digest of a blob   of the bytes as stored or sent: of a *compressed* layer, say
    diff_id            of the layer's tar, *not compressed*: the same whatever gzip did
    chain_id           of a stack of layers: this diff_id on top of that chain_id
    image ID           the digest of the image's configuration

A chain_id names what an unpacked layer may depend on, the layers below it included:

    chain(L0)        = diff_id(L0)
    chain(L0 … Ln)   = sha256( chain(L0 … Ln-1) + " " + diff_id(Ln) )

Source: opencontainers/image-spec, descriptor.md "Digests", config.md "Layer ChainID"
Try it: `printf test | sha256sum`
"""

import functools
import importlib
import re
from collections.abc import Iterable
from typing import Any

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}\Z")
# Who can compute it: Python's own code, under its new name and its old one. hashlib has
# OpenSSL do it, which is faster with a layer; but with a page of JSON, as every start
# reads, it takes a hundred times as long to load as to compute.
_QUICKLY_LOADED = ("_sha2", "_sha256", "hashlib")


def sha256(data: bytes) -> str:
    """The digest of `data`, which is short."""
    return f"sha256:{_loaded().sha256(data).hexdigest()}"


@functools.cache
def _loaded() -> Any:
    """The first module of the list that this Python has."""
    for name in _QUICKLY_LOADED[:-1]:
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    return importlib.import_module(_QUICKLY_LOADED[-1])


def valid(digest: str) -> bool:
    """Is this a digest? Only then may it become part of a path."""
    return bool(_SHA256.match(digest))


def hex_of(digest: str) -> str:
    """The hex digits of a digest: the name of its file."""
    return digest.partition(":")[2]


def short(digest: str) -> str:
    """The first 12 hex digits, as tables print an image ID."""
    return (hex_of(digest) or digest)[:12]


def chain_ids(diff_ids: Iterable[str]) -> tuple[str, ...]:
    """The chain_id at every height of a stack of layers, bottom first."""
    chain: list[str] = []
    for diff_id in diff_ids:
        below = f"{chain[-1]} " if chain else ""
        chain.append(sha256(f"{below}{diff_id}".encode()) if below else diff_id)
    return tuple(chain)
