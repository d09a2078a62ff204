"""The distance that pools the covariance within groups ignores how far apart the groups are."""

import numpy as np
import pandas as pd
import pytest

from analysis.studies.uar2017.pooled_covariance import within_metric


@pytest.fixture
def units():
    random = np.random.default_rng(2)
    values = random.normal(size=(80, 3)) @ np.array([[1.0, 0.4, 0.0], [0.0, 1.0, 0.3], [0.0, 0.0, 1.0]])
    frame = pd.DataFrame(values, columns=["a", "b", "c"])
    return frame.assign(is_treated=(np.arange(80) < 20).astype(float))


def distances(units, metric):
    values = units[["a", "b", "c"]].to_numpy()
    standard = (values - values.mean(axis=0)) / values.std(axis=0, ddof=1)
    gap = standard[:, None] - standard[None, :]
    return np.einsum("ijk,kl,ijl->ij", gap, metric, gap)


def test_it_is_the_pooled_covariance_of_textbooks(units):
    values = units[["a", "b", "c"]].to_numpy()
    scale = values.std(axis=0, ddof=1)
    treated = units["is_treated"].eq(1)
    pooled = (19 * np.cov(values[treated], rowvar=False) + 59 * np.cov(values[~treated], rowvar=False)) / 78
    want = np.linalg.inv(pooled / np.outer(scale, scale))
    assert within_metric(units, ["a", "b", "c"]) == pytest.approx(want)


def test_moving_a_whole_group_leaves_distances_within_it(units):
    moved = units.assign(a=units["a"] + 5 * units["is_treated"])
    inside = units["is_treated"].eq(1).to_numpy()
    one = distances(units, within_metric(units, ["a", "b", "c"]))
    two = distances(moved, within_metric(moved, ["a", "b", "c"]))
    assert one[np.ix_(inside, inside)] == pytest.approx(two[np.ix_(inside, inside)])
