"""The keys that are given, or that the embedded default makes for itself and keeps in files."""

import os
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.exceptions import ImproperlyConfigured

from websignal.env import Environment


def secret_key_of(env: Environment, path: Path, *, may_make: bool, is_test: bool, is_agent: bool) -> str:
    """`SECRET_KEY` as given; else the key kept in `path` where one may be made. Raises ImproperlyConfigured."""
    given = env.text(
        "SECRET_KEY",
        "",
        "Signs sessions and encrypts stored secrets; at least 32 characters. Required in production.",
        shown="made once, kept in `DATA_DIR/secret_key`",
    )
    if is_agent:
        return secrets.token_urlsafe(48)
    if given or not may_make:
        return given
    return "tests-only-" + "k" * 40 if is_test else kept_key(path)


def kept_key(path: Path) -> str:
    """The key in `path`, made there first where there is none; raises ImproperlyConfigured when it cannot be kept."""
    key = _kept(path, lambda: secrets.token_urlsafe(48), "SECRET_KEY")
    if len(key) < 32:
        raise ImproperlyConfigured(f"{path} holds no key: restore it from a backup, or delete it to have a new one.")
    return key


def kept_rsa_key(path: Path) -> str:
    """The RSA key in `path` in PEM, made there first where there is none; raises ImproperlyConfigured."""
    key = _kept(path, _new_rsa_key, "OIDC_RSA_PRIVATE_KEY")
    try:
        return rsa_key(key)
    except ImproperlyConfigured as error:
        raise ImproperlyConfigured(f"{path} holds no key: restore it, or delete it to have a new one.") from error


def rsa_key(pem: str) -> str:
    """`pem`, an unencrypted RSA private key of at least 2048 bits; raises ImproperlyConfigured for anything else."""
    try:
        key = serialization.load_pem_private_key(pem.strip().encode(), password=None)
    except (ValueError, TypeError) as error:
        raise ImproperlyConfigured("OIDC_RSA_PRIVATE_KEY is no unencrypted private key in PEM.") from error
    if not isinstance(key, rsa.RSAPrivateKey) or key.key_size < 2048:
        raise ImproperlyConfigured("OIDC_RSA_PRIVATE_KEY must be an RSA key of at least 2048 bits.")
    return pem


def _new_rsa_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _kept(path: Path, new: Callable[[], str], variable: str) -> str:
    try:
        if not path.exists():
            _make(path, new())
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{error.filename or path}: {error.strerror}. Set DATA_DIR to a folder that can be written, or {variable}."
        ) from error


def _make(path: Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
    with os.fdopen(handle, "w") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link appears whole or not at all, and never replaces the key of a process that was faster.
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        Path(name).unlink()
