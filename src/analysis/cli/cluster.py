"""The connection to a Dask scheduler: any failure to get one is a clear error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import AnalysisError

#: Seconds a scheduler may take to answer.
PATIENCE = 10


@contextmanager
def connected(address: str | None) -> Iterator[Any]:
    """Give a client of the scheduler at an address; None for no address.

    A scheduler runs whatever it is sent: connect only to one that nobody else can reach, or by TLS.

    Raises
    ------
    AnalysisError
        If Dask is not installed, the address is none, or nobody answers there.
    """
    if address is None:
        yield None
        return
    client = _client(address)
    with client:
        yield client


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise AnalysisError(
            "Dask is not installed.", remedy="pip install 'sanctuary-crime[cluster]'."
        ) from error
    if "://" not in address or not address.rsplit(":", 1)[-1].isdigit():
        raise AnalysisError(
            f"{address[:80]!r} is no address of a scheduler.",
            where="--cluster",
            remedy="Write it like tcp://host:8786 or tls://host:8786.",
        )
    try:
        return Client(address, timeout=PATIENCE)
    except Exception as error:  # Dask has errors of its own for unknown protocols, certificates and versions
        raise AnalysisError(
            f"No cluster answers: {type(error).__name__}: {str(error)[:200]}.",
            where=address,
            remedy="Start a scheduler there, or leave out --cluster.",
        ) from error
