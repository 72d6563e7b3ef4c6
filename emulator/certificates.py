"""The throw-away certificate authority and the one certificate it gives to every emulated host."""

from __future__ import annotations

import functools
import ssl
import threading
from pathlib import Path

import trustme

HOSTS = (
    "login.microsoftonline.com",
    "management.azure.com",
    "ml.azure.com",
    "prices.azure.com",
    "*.api.azureml.ms",
    "*.azureml.ms",
    "*.experiments.azureml.net",
    "*.modelmanagement.azureml.net",
    "*.aether.ms",
    "*.blob.core.windows.net",
    "*.file.core.windows.net",
    "*.dfs.core.windows.net",
    "*.vault.azure.net",
    "graph.microsoft.com",
    "graph.windows.net",
    "token.actions.githubusercontent.com",
    "*.actions.githubusercontent.com",
    "dev.azure.com",
    "*.visualstudio.com",
    "azure.archive.ubuntu.com",
    "dc.services.visualstudio.com",
    "127.0.0.1",
    "localhost",
)


_making = threading.Lock()  # emulators may start in several threads at once, and a cache alone would make two


def _authority() -> tuple[trustme.CA, trustme.LeafCert]:
    """Made once in a process: every emulator has the same."""
    with _making:
        return _make()


@functools.cache
def _make() -> tuple[trustme.CA, trustme.LeafCert]:
    authority = trustme.CA(organization_name="specrun's emulator")
    return authority, authority.issue_cert(*HOSTS)


@functools.cache
def server_context() -> ssl.SSLContext:
    """TLS for the emulated hosts. Sessions are resumed by ticket, as the real hosts do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _authority()[1].configure_cert(context)
    return context


def write_authority(path: Path) -> None:
    """The authority's certificate as PEM, for REQUESTS_CA_BUNDLE and SSL_CERT_FILE."""
    _authority()[0].cert_pem.write_to_path(str(path))


def write_leaf(folder: Path) -> tuple[Path, Path]:
    """The hosts' certificate and its key as PEM files, for a server that is not in this process."""
    certificate, key = folder / "leaf.pem", folder / "leaf.key"
    leaf = _authority()[1]
    leaf.private_key_pem.write_to_path(str(key))
    for number, part in enumerate(leaf.cert_chain_pems):
        part.write_to_path(str(certificate), append=number > 0)
    return certificate, key
