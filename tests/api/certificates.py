"""An authority and the certificates that it signs, made by openssl.

man: openssl-req(1)
"""

import subprocess
from pathlib import Path
from typing import NamedTuple


class Proof(NamedTuple):
    """Who somebody is, and the key that proves it: two PEM files."""

    certificate: str
    key: str


def authority(directory: Path, name: str = "ca") -> Proof:
    """Somebody who signs."""
    return _made(directory, name, "-addext", "basicConstraints=critical,CA:TRUE")


def signed(directory: Path, name: str, by: Proof) -> Proof:
    """A certificate for 127.0.0.1, signed by an authority."""
    signer = ["-CA", by.certificate, "-CAkey", by.key]
    return _made(directory, name, *signer, "-addext", "subjectAltName=IP:127.0.0.1")


def _made(directory: Path, name: str, *options: str) -> Proof:
    proof = Proof(str(directory / f"{name}.crt"), str(directory / f"{name}.key"))
    subprocess.run(
        [
            *["openssl", "req", "-x509", "-newkey", "ec", "-nodes", "-days", "2"],
            *["-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={name}"],
            *["-keyout", proof.key, "-out", proof.certificate, *options],
        ],
        check=True,
        capture_output=True,
    )
    return proof
