"""Errors and warnings of the estimators. Each names the column or cell at fault and the remedy."""

from __future__ import annotations


class EstimationError(ValueError):
    """Base of all estimation errors."""


class ColumnError(EstimationError):
    """A named column is absent, of the wrong type, or holds values it may not hold."""


class KeyNotUniqueError(EstimationError):
    """Two rows share a unit and a time."""


class NotIdentifiedError(EstimationError):
    """The data cannot identify the estimand (absorbed treatment, no variation, no controls)."""


class TooFewClustersError(EstimationError):
    """Fewer clusters than the covariance or the resampling needs."""


class NotConvergedError(EstimationError):
    """An iteration ended without reaching its tolerance."""


class FewClustersWarning(UserWarning):
    """So few clusters, or so few treated ones, that cluster-robust and wild bootstrap tests may mislead."""
