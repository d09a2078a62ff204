"""The delete-a-group jackknife of an estimate whose refits are given."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def jackknife_error(estimate: float, refits: npt.NDArray[np.float64]) -> float:
    r"""Return the cluster jackknife's standard error, of deviations from the full estimate (CRV3J).

    :math:`\sqrt{\frac{G - 1}{G} \sum_g (\hat\theta_{(g)} - \hat\theta)^2}` over :math:`G` groups left out in
    turn.

    Parameters
    ----------
    estimate : float
        On all groups.
    refits : numpy.ndarray, shape (groups,)
        Without each group.

    References
    ----------
    MacKinnon, Nielsen and Webb (2023), doi:10.1002/jae.2969.

    Examples
    --------
    >>> import numpy as np
    >>> round(jackknife_error(2.0, np.array([1.0, 2.0, 3.0])), 6)
    1.154701
    """
    n = len(refits)
    return float(np.sqrt((n - 1) / n * ((refits - estimate) ** 2).sum()))
