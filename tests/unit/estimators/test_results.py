"""What every result can do, on results of every class."""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pandas as pd
import pytest

from analysis import estimators as es

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


def panel() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    units, periods = 24, 6
    frame = pd.DataFrame(
        [(u, t) for u in range(units) for t in range(2000, 2000 + periods)], columns=["unit", "year"]
    )
    first = np.array([2002.0, 2004.0, np.inf])[np.arange(units) % 3]
    frame["first"] = first[frame["unit"]]
    frame["treated"] = (frame["year"] >= frame["first"]).astype(int)
    frame["state"] = frame["unit"] % 12
    frame["x"] = rng.normal(size=len(frame))
    frame["y"] = frame["treated"] + frame["x"] + frame["unit"] % 5 + rng.normal(size=len(frame))
    return frame


KEYS = {"outcome": "y", "unit": "unit", "time": "year", "cohort": "first"}


def two_way(data: pd.DataFrame, **options):
    return es.ols(data, outcome="y", treatment="treated", effects=["unit", "year"], cluster="unit", **options)


def events():
    return es.group_time(panel(), **KEYS, base="universal").aggregate("event")


RESULTS = {
    "ols": lambda: two_way(panel(), covariates=["x"]),
    "group_time": lambda: es.group_time(panel(), **KEYS),
    "event": events,
    "imputation": lambda: es.imputation(panel(), **KEYS),
    "switchers": lambda: es.switchers(panel(), outcome="y", unit="unit", time="year", treatment="treated"),
    "synthetic_did": lambda: es.synthetic_did(panel(), **KEYS, variance=None),
    "match": lambda: es.match(
        panel().query("year == 2005"), outcome="y", treatment="treated", covariates=["x"]
    ),
    "wald": lambda: es.joint_test(events(), np.arange(7) < 2),
    "pretest_power": lambda: es.pretest_power(events()),
    "comparison": lambda: es.compare_estimators(panel(), **KEYS),
    "refits": lambda: es.leave_one_out(two_way, panel(), by="state", keep_missing=False),
    "cell_weights": lambda: es.twfe_weights(panel(), treatment="treated", effects=["unit", "year"]),
    "diagnostics": lambda: es.cluster_diagnostics(panel(), outcome="y", treatment="x", cluster="state"),
}


class Made(dict):
    def __missing__(self, name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.setdefault(name, RESULTS[name]())


@pytest.fixture(scope="module")
def results():
    return Made()


def same(left, right) -> bool:
    if callable(left):
        return right is None
    if dataclasses.is_dataclass(left):
        names = [field.name for field in dataclasses.fields(left)]
        return type(left) is type(right) and all(same(getattr(left, n), getattr(right, n)) for n in names)
    if isinstance(left, pd.DataFrame | pd.Series | pd.Index):
        kind = "frame" if isinstance(left, pd.DataFrame) else type(left).__name__.lower()
        if kind not in ("frame", "series"):
            return left.equals(right)
        getattr(pd.testing, f"assert_{kind}_equal")(left, right, check_exact=True, check_index_type=False)
        return True
    if isinstance(left, np.ndarray):
        return left.dtype == right.dtype and bool(
            np.array_equal(left, right, equal_nan=left.dtype.kind == "f")
        )
    if hasattr(left, "items"):
        return list(left) == list(right) and all(same(left[key], right[key]) for key in left)
    if isinstance(left, tuple | list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return left == right or (left != left and right != right)


@pytest.mark.parametrize("name", RESULTS)
class TestEveryResult:
    def test_says_itself_in_a_line(self, results, name):
        assert len(repr(results[name])) < 200
        assert "\n" not in repr(results[name])

    def test_summary_holds_every_row(self, results, name):
        result = results[name]
        assert len(result.summary().splitlines()) >= len(result.tidy()) + 2

    def test_glance_is_one_row(self, results, name):
        assert len(results[name].glance()) == 1

    def test_tables_hold_every_row(self, results, name):
        result = results[name]
        rows, columns = result.tidy().shape
        assert len(result.to_markdown().splitlines()) == rows + 2
        assert result.to_html().count("<tr") == rows + 1
        assert result.to_latex().count(r"\\") == rows + 1
        assert result.to_typst().count("[") == (rows + 1) * columns

    def test_a_file_gives_it_back(self, results, name, tmp_path):
        result = results[name]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result.save(tmp_path / "result")
        assert same(result, type(result).load(tmp_path / "result"))


def test_functions_left_out_of_a_file_are_named(results, tmp_path):
    with pytest.warns(UserWarning, match=r"Estimates.extra\['pretest'\] is a function and is not saved"):
        results["imputation"].save(tmp_path / "result")


def test_a_loaded_result_goes_on(results, tmp_path):
    results["group_time"].save(tmp_path / "cells")
    again = es.GroupTime.load(tmp_path / "cells")
    pd.testing.assert_frame_equal(
        again.aggregate("event").tidy(), results["group_time"].aggregate("event").tidy(), check_exact=True
    )


def test_other_files_are_refused(results, tmp_path):
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(es.EstimationError, match="not a saved result"):
        es.Estimates.load(tmp_path / "text")
    results["wald"].save(tmp_path / "wald")
    with pytest.raises(es.EstimationError, match="holds a WaldTest, not a Estimates"):
        es.Estimates.load(tmp_path / "wald")


def test_parts_of_estimates_share_their_labels(results):
    result = results["ols"]
    assert list(result.coef().index) == ["treated", "x"] == list(result.vcov().columns)
    assert result.se()["x"] == result.row(term="x").std_error == np.sqrt(result.vcov().loc["x", "x"])
    wide, narrow = result.confint(0.99).loc["x"], result.confint(0.5).loc["x"]
    assert wide.conf_low < narrow.conf_low < result.coef()["x"] < narrow.conf_high < wide.conf_high
    assert results["group_time"].coef().index.names == ["cohort", "time"]


@pytest.mark.parametrize("name", ["ols", "event", "group_time", "comparison", "refits"])
def test_plots_show_every_estimate(results, name):
    ax = results[name].plot()
    drawn = sum(len(bars.lines[0].get_xdata()) for bars in ax.containers)
    assert drawn == len(results[name].tidy())
    matplotlib.pyplot.close("all")


def test_plots_of_diagnostics_hold_their_table(results):
    power = results["pretest_power"]
    lines = {line.get_label(): line.get_ydata() for line in power.plot().lines}
    for name in ("estimate", "violation", "mean after passing"):
        np.testing.assert_array_equal(lines[name], power.table[name.replace(" ", "_")])
    weights = results["cell_weights"]
    heights = [bar.get_height() for bars in weights.plot().containers for bar in bars]
    np.testing.assert_allclose(
        np.sort(heights), np.sort(weights.weight[weights.weight != 0]), rtol=0, atol=1e-15
    )
    diagnostics = results["diagnostics"]
    ax = matplotlib.pyplot.subplots()[1]
    assert diagnostics.plot(ax) is ax
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), diagnostics.table["leverage"])
    matplotlib.pyplot.close("all")


def test_stands_beside_pyfixest_in_one_table(results):
    maketables, pyfixest = pytest.importorskip("maketables"), pytest.importorskip("pyfixest")
    theirs = pyfixest.feols("y ~ treated + x | unit + year", panel(), vcov={"CRV1": "unit"})
    text = maketables.ETable([results["ols"], theirs]).make(type="tex")
    line = next(line for line in text.splitlines() if line.strip().startswith("x "))
    ours, other = line.split("&")[1:3]
    assert ours.strip().rstrip("\\ ") == other.strip().rstrip("\\ ")
