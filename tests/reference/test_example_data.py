"""The example data that packages ship are, column by column, those on which results were published."""

from __future__ import annotations

import hashlib

import example_data
import numpy as np
import pandas as pd
import pytest

#: SHA-256, first 16 digits, of the columns' values to nine digits in the files of the R packages did (mpdta),
#: bacondecomp (castle), Matching (lalonde) and synthdid (california_prop99), rows in the order of the keys.
PUBLISHED = {
    "mpdta": ("countyreal year", "lpop lemp first.treat treat", "37a071bb24aa6fb1"),
    "castle": (
        "state year",
        "sid post cdl south popwt l_homicide homicide homicide_c population l_income l_pop",
        "0102f69a2c605bb6",
    ),
    "lalonde": ("", "age educ black hisp married nodegr re74 re75 re78 u74 u75 treat", "6b7ced6ed914ff6c"),
    "prop99": ("State Year", "PacksPerCapita treated", "335e0aa17d29516e"),
}
#: Coefficients of the Medicaid event study to six digits, and its first and last standard errors.
MEDICAID = [-0.005285, -0.011297, -0.002676, -0.001419, 0.00034, 0.046447, 0.069206]
MEDICAID_VARIANCES = (7.4884836359e-05, 1.0712352303e-04)


def digest(data: pd.DataFrame, keys, columns) -> str:
    """Return a digest of keys and columns to nine digits, rows sorted by keys and then by columns."""
    columns = [*keys, *columns]
    data = data.sort_values([*keys, *columns], kind="stable")
    text = data[columns].map(lambda v: v if isinstance(v, str) else f"{float(v):.9g}")
    return hashlib.sha256(text.to_csv(index=False).encode()).hexdigest()[:16]


@pytest.mark.parametrize("name", PUBLISHED)
def test_columns_are_those_of_the_publisher(name):
    keys, columns, expected = PUBLISHED[name]
    data = getattr(example_data, name)()
    assert digest(data, keys.split(), columns.split()) == expected
    first = columns.split()[0]
    moved = data.assign(
        **{first: data[first].where(np.arange(len(data)) != 7, data[first] * (1 + 1e-6) + 1e-6)}
    )
    assert digest(moved, keys.split(), columns.split()) != expected


def test_medicaid_event_study_is_the_recorded_one():
    found = example_data.medicaid()
    assert found["years"] == [2008, 2009, 2010, 2011, 2012, 2014, 2015]
    np.testing.assert_allclose(found["beta"], MEDICAID, atol=5.1e-7, rtol=0)
    assert (found["cov"][0][0], found["cov"][-1][-1]) == pytest.approx(MEDICAID_VARIANCES, rel=1e-9)


def test_a_package_that_is_not_installed_is_named():
    with pytest.raises(ModuleNotFoundError, match="no_such_package is not installed"):
        example_data.shipped("no_such_package", "data.csv")
