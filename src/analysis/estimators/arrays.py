"""Names for the arrays that kernels take and return."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
#: An array of any type: numbers read before they are checked, labels, or whole numbers beside fractions.
Array = npt.NDArray[Any]
