"""Published effects whose size serves as a margin of equivalence."""

from __future__ import annotations

from .claims import claims


def published_figure(claim: str, table: str = "other_studies") -> float:
    """Return the figure that a claim prints, in its unit; missing for a claim in words.

    Parameters
    ----------
    claim : str
        Name of the claim.
    table : str, optional
        The table of published claims it stands in.
    """
    figure = claims(table)[claim].figure
    return float(figure.value) if figure else float("nan")


def published_size(claim: str, table: str = "other_studies") -> float:
    """Return a published effect without its sign; see `published_figure`."""
    return abs(published_figure(claim, table))
