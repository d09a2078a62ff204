"""Errors of other packages in this package's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ..errors import EstimationError, NotIdentifiedError


@contextmanager
def translated(package: str) -> Iterator[None]:
    """Raise what `package` raises on data it cannot fit as `NotIdentifiedError`, with the remedy."""
    try:
        yield
    except EstimationError:
        raise
    except (ValueError, ArithmeticError, IndexError, KeyError, np.linalg.LinAlgError) as error:
        raise _unfit(package, error) from error
    except Exception as error:
        if type(error).__module__.split(".")[0] != package:
            raise
        raise _unfit(package, error) from error


def _unfit(package: str, error: Exception) -> NotIdentifiedError:
    said = " ".join(str(error).split()) or type(error).__name__
    return NotIdentifiedError(
        f"{package} cannot fit this data ({said[:200]}): more units and periods than regressors are needed, "
        "and regressors that vary and are no sums of one another"
    )
