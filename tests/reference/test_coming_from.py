"""The page for those who come from other packages: its names exist, its words are answered, its pairs agree live."""

from __future__ import annotations

import contextlib
import inspect
import io
import re
import warnings

import numpy as np
import pandas as pd
import pytest

from analysis import estimators as es
from analysis.estimators.core.entry import WORDS
from analysis.paths import project_root

PAGE = (project_root() / "docs" / "coming_from.md").read_text("utf-8")
TABLES, EXAMPLE = PAGE.split("## One translation, run")
KEYS = {"outcome": "y", "unit": "id", "time": "t", "cohort": "g"}


def panel() -> pd.DataFrame:
    draw = np.random.default_rng(8)
    frame = pd.DataFrame([(u, t) for u in range(1, 81) for t in range(1, 9)], columns=["id", "t"])
    frame["g"] = np.array([0, 4, 6, 0])[frame["id"] % 4].astype(float)
    frame["d"] = ((frame["g"] > 0) & (frame["t"] >= frame["g"])).astype(float)
    frame["x1"] = draw.normal(size=len(frame))
    frame["y"] = frame["id"] % 5 + frame["d"] * frame["t"] / 4 + frame["x1"] + draw.normal(size=len(frame))
    frame["n"] = draw.poisson(np.exp(1 + 0.3 * frame["d"])).astype(float)
    return frame


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield


def agree(found, estimate, error, rtol=1e-6):
    np.testing.assert_allclose(found.estimate, np.asarray(estimate, float), rtol=rtol)
    np.testing.assert_allclose(found.std_error, np.asarray(error, float), rtol=rtol)


def test_every_name_on_the_right_is_a_function_with_the_keywords_named():
    rows = [re.split(r"(?<!\\)\|", line)[2] for line in TABLES.splitlines() if line.startswith("| ")]
    calls = [
        (name, re.findall(r"(\w+)=", options))
        for row in rows
        for name, options in re.findall(r"`(\w+)(?:\(([^`]*)\))?`", row)
        if hasattr(es, name)
    ]
    assert len({name for name, _ in calls}) >= 30
    for name, keywords in calls:
        assert set(keywords) <= set(inspect.signature(getattr(es, name)).parameters), name
    named = {name for row in rows for name in re.findall(r"`(\w+)\(", row)} - {"Conley", "aggregate"}
    assert {name for name in named if not hasattr(es, name)} == set()


def test_the_table_of_words_is_the_one_that_answers():
    for ours, words in WORDS.items():
        assert f"| {', '.join(f'`{word}`' for word in words)} | `{ours}` |" in PAGE


def test_the_example_runs():
    code = re.search(r"```python\n(.*?)```", EXAMPLE, re.S)[1]
    exec(compile(code, "coming_from.md", "exec"), {})


def test_feols_is_ols():
    fit = pytest.importorskip("pyfixest").feols("y ~ d + x1 | id + t", panel(), vcov={"CRV1": "id"})
    found = es.ols(panel(), outcome="y", treatment="d", covariates=["x1"], effects=["id", "t"], cluster="id")
    agree(found, fit.coef(), fit.se(), 1e-9)


def test_fepois_is_poisson():
    fit = pytest.importorskip("pyfixest").fepois(
        "n ~ d | id + t", panel(), vcov={"CRV1": "id"}, iwls_tol=1e-12
    )
    agree(
        es.poisson(panel(), outcome="n", treatment="d", effects=["id", "t"], cluster="id"),
        fit.coef(),
        fit.se(),
    )


def test_did2s_is_two_stage():
    fit = pytest.importorskip("pyfixest").did2s(
        panel(),
        yname="y",
        first_stage="~ x1 | id + t",
        second_stage="~ i(d, ref=0)",
        treatment="d",
        cluster="id",
    )
    found = es.two_stage(panel(), **KEYS, covariates="x1", by="overall")
    row = fit.tidy().iloc[-1]
    agree(found, [row["Estimate"]], [row["Std. Error"]], 1e-4)


def test_saturated_event_study_is_interaction_weighted():
    fit = pytest.importorskip("pyfixest").event_study(
        panel(), yname="y", idname="id", tname="t", gname="g", estimator="saturated", cluster="id"
    )
    theirs = fit.aggregate()
    ours = es.interaction_weighted(panel(), **KEYS).aggregate("event")
    keep = ours.keys["event_time"].to_numpy()
    theirs = theirs.loc[keep]
    agree(ours, theirs["Estimate"], theirs["Std. Error"], 1e-6)


def test_lpdid_is_local_projection():
    fit = pytest.importorskip("pyfixest").lpdid(
        panel(), yname="y", idname="id", tname="t", gname="g", pre_window=2, post_window=2, att=False
    )
    theirs = fit.tidy() if hasattr(fit, "tidy") else fit
    ours = es.local_projection(panel(), **KEYS, window=(-2, 2))
    np.testing.assert_allclose(np.sort(ours.estimate), np.sort(theirs["Estimate"].astype(float)), rtol=1e-6)


def test_att_gt_is_group_time():
    att_gt = pytest.importorskip("csdid.att_gt").ATTgt
    fit = att_gt(yname="y", tname="t", idname="id", gname="g", data=panel()).fit(
        est_method="reg", bstrap=False
    )
    theirs = {
        (g, t): (a, s)
        for g, t, a, s in zip(*(fit.results[k] for k in ("group", "year", "att", "se")), strict=True)
    }
    ours = es.group_time(panel(), **KEYS, method="reg", base="varying")
    cells = list(ours.keys.itertuples(index=False, name=None))
    agree(ours, [theirs[c][0] for c in cells], [theirs[c][1] for c in cells], 1e-6)
