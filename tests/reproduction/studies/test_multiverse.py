"""The specification curve: committed results against a recomputed draw, forks, names, resuming, permutations."""

from __future__ import annotations

import itertools
import json
import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from analysis.errors import AlteredFileError
from analysis.panels.store import load, manifest_of
from analysis.studies.multiverse import fits, grid, resume, spec, study, summary
from analysis.studies.multiverse import joint_test as joint
from analysis.studies.staggered_cities.expected_counts import expected_crimes, ratio, treated_rows


@pytest.fixture(scope="module")
def committed():
    return study.results()


@pytest.fixture(scope="module")
def kept(committed):
    return study.admitted(committed)


def test_committed_results_are_those_of_todays_code(committed):
    check = study.quick_check(committed, count=12, seed=5)
    assert len(check) == 12
    assert check["same"].all(), check.loc[~check["same"], ["spec", "percent", "percent_now"]]


def test_quick_check_sees_one_altered_number(committed):
    rows = committed.head(2).copy()
    rows.loc[0, "percent"] *= 1 + 1e-4
    rows.loc[1, "cities"] += 1
    assert not study.quick_check(rows, count=2)["same"].any()


def test_committed_results_are_the_whole_plan(committed):
    planned = [grid.spec_hash(choice) for chunk in grid.plan() for choice in chunk]
    assert len(planned) == len(set(planned)) == len(committed) >= 6_000
    assert sorted(planned) == committed["spec"].tolist()
    assert study.inadmissible(committed).empty


def test_manifest_counts_everything(committed):
    manifest = manifest_of("multiverse")
    assert manifest["inputs"] == study.panel_hashes()
    problems = committed.loc[committed["problem"].ne(""), "problem"].value_counts().to_dict()
    assert manifest["counts"]["without a number"] == sum(problems.values())
    assert {reason: manifest["counts"][reason] for reason in problems} == problems


def test_results_of_other_panels_are_refused(monkeypatch):
    monkeypatch.setattr(
        study, "panel_hashes", lambda: study.manifest_of("multiverse")["inputs"] | {"places": "0"}
    )
    with pytest.raises(AlteredFileError, match="places changed"):
        study.results()


def test_every_level_of_every_fork_is_there(committed, kept):
    for fork in spec.FORKS:
        assert set(committed[fork.name]) == set(fork.levels) == set(kept[fork.name])
        assert fork.reason and len(fork.levels) > 1
    near = {grid.spec_hash(choice) for choice in grid.one_step()}
    per_cell = committed[~committed["spec"].isin(near)].groupby(["treatment", "outcome"]).size()
    assert len(per_cell) == 28
    for treatments in (["status_inquiry", "detainers"], ["any_limit", "first_limit_since_2002"]):
        alike = per_cell.loc[treatments]
        assert alike.max() < 1.6 * alike.min()


def test_grid_is_counted_as_by_brute_force(monkeypatch):
    few = tuple(
        f for f in spec.FORKS if f.name not in ("smallest", "ended", "years", "window", "breaks", "counties")
    )
    names = [fork.name for fork in few]
    admitted = sum(
        not grid.forbidden(dict(zip(names, levels, strict=True)))
        for levels in itertools.product(*(fork.levels for fork in few))
    )
    assert grid.grid_size()[0] == admitted * 3 * 2**5


def test_names_of_specifications_do_not_move():
    """A name depends on what is chosen alone: these were written down when the results were first made."""
    assert grid.spec_hash(spec.HEADLINE) == "ad763483ae77e309"
    backwards = dict(reversed(spec.HEADLINE.items()))
    assert grid.spec_hash(backwards) == grid.spec_hash(spec.HEADLINE)
    assert grid.spec_hash(spec.HEADLINE | {"breaks": "overlooked"}) != grid.spec_hash(spec.HEADLINE)


def test_headline_is_observed_over_expected(kept):
    """The committed headline from the panels, by the study of the same cities."""
    frame = fits.sample(spec.HEADLINE)
    table = expected_crimes(frame)
    rows = treated_rows(table)
    value = 100 * np.expm1(ratio(table, rows, table.own[rows]))
    assert summary.headline(kept)["percent"] == pytest.approx(value, rel=1e-9)


def test_percent_of_a_rate_by_hand(kept):
    row = kept[
        (kept["scale"] == "rate") & (kept["estimator"] == "two_way") & (kept["weights"] == "residents")
    ].iloc[0]
    frame = fits.sample(row[list(spec.NAMES)].to_dict())
    before = frame[frame["cohort"].gt(0) & (frame["cohort"] - frame["year"]).between(1, 5)]
    base = (before["rate"] * before["residents"]).sum() / before["residents"].sum()
    for name, raw in (("percent", "raw"), ("std_error", "raw_error")):
        assert row[name] == pytest.approx(100 * row[raw] / base, rel=1e-9)


def test_percent_of_a_log_and_its_interval(kept):
    rows = kept[kept["scale"].ne("rate")]
    np.testing.assert_allclose(rows["percent"], 100 * (np.exp(rows["raw"]) - 1), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(rows["std_error"], 100 * np.exp(rows["raw"]) * rows["raw_error"], rtol=1e-9)
    assert (rows["conf_low"] < rows["conf_high"]).all() and rows["p_value"].between(0, 1).all()


@pytest.fixture
def small_plan(monkeypatch):
    """Five samples with the headline's among them."""
    monkeypatch.setattr(study, "plan", lambda count, seed: grid.plan(3)[:5])


KILLED = """
import os, signal, sys
from pathlib import Path
from analysis.studies.multiverse import grid, study

def kill(done, chunks):
    if done == 3:
        os.kill(os.getpid(), signal.SIGKILL)

study.plan = lambda count, seed: grid.plan(3)[:5]
study.run(partial=Path(sys.argv[1]), progress=kill)
"""


def test_a_killed_run_resumes_to_the_same_bits(tmp_path, small_plan):
    """Killed half-way without warning, and its last line cut off; then finished, computing only what was lost."""
    whole = study.run(partial=tmp_path / "whole.jsonl")
    path, seen = tmp_path / "part.jsonl", []
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    path.write_bytes(path.read_bytes()[:-40])
    before = study.read_partial(path)
    assert 0 < len(before) < len(whole)
    resumed = study.run(partial=path, progress=lambda done, chunks: seen.append((done, chunks)))
    pd.testing.assert_frame_equal(resumed, whole, check_exact=True)
    assert seen == [(3, 5), (4, 5), (5, 5)]
    lines = [json.loads(line)["rows"] for line in path.read_text().splitlines() if line.endswith('"}')]
    computed = [row["spec"] for rows in lines for row in rows]
    assert sorted(computed) == whole["spec"].tolist()


def test_results_of_other_panels_are_not_resumed(tmp_path):
    path = tmp_path / "old.jsonl"
    resume.append(path, "of other panels", [{"spec": "x"}])
    assert study.read_partial(path) == {}


@pytest.mark.slow
def test_a_cluster_gives_the_same_bits(tmp_path, small_plan):
    distributed = pytest.importorskip("distributed")
    from joblib import parallel_config

    here = study.run(partial=tmp_path / "here.jsonl")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster),
        parallel_config(backend="dask"),
    ):
        there = study.run(n_jobs=-1, partial=tmp_path / "there.jsonl")
    pd.testing.assert_frame_equal(there, here, check_exact=True)


def test_permutation_keeps_dates_by_size_and_shares_keys():
    frame = fits.sample(spec.HEADLINE)
    moved = joint.permuted(frame, 3, seed=1)
    by = ["size", "cohort"]
    for rows in (frame, moved):
        assert rows.groupby("ori")["cohort"].nunique().eq(1).all()
    before, after = (rows.drop_duplicates("ori").groupby(by).size() for rows in (frame, moved))
    pd.testing.assert_series_equal(before, after)
    assert (frame["cohort"] != moved["cohort"]).any()
    assert moved["treated"].eq(moved["cohort"].gt(0) & moved["year"].ge(moved["cohort"])).all()
    pd.testing.assert_frame_equal(joint.permuted(frame, 0, seed=1), frame)
    robbery = joint.permuted(fits.sample(spec.HEADLINE | {"outcome": "robbery"}), 3, seed=1)
    one, other = (set(rows.loc[rows["cohort"].gt(0), "ori"]) for rows in (moved, robbery))
    assert len(one & other) > 0.8 * len(one)


def test_committed_permutations_hold_the_curve_and_recompute(kept):
    table = joint.results()
    chosen = joint.representatives(kept)
    assert len(chosen) == 28
    assert table.groupby("spec").size().eq(spec.PERMUTATIONS + 1).all()
    assert sorted(map(grid.spec_hash, chosen)) == sorted(table["spec"].unique())
    observed = table[table["draw"].eq(0)].merge(kept, on="spec", suffixes=("", "_curve"))
    assert len(observed) == 28
    np.testing.assert_allclose(observed["percent"], observed["percent_curve"], rtol=1e-6)
    for choice in chosen[:2]:
        again = pd.DataFrame(joint.compute(choice, [0, 7]))
        stored = table[table["spec"].eq(grid.spec_hash(choice)) & table["draw"].isin([0, 7])]
        np.testing.assert_allclose(again["percent"], stored["percent"], rtol=1e-6)


def test_joint_p_values_by_hand():
    table = load("multiverse_joint")
    wide = table.pivot(index="draw", columns="spec", values="p_value")
    share = (wide < 0.05).mean(axis=1)
    p = (1 + (share[1:] >= share[0] - 1e-12).sum()) / (len(share))
    found = joint.joint_test(table).set_index("statistic")
    assert found.loc["significant", "p_value"] == pytest.approx(p)
    assert found.loc["significant", "observed"] == pytest.approx(share[0])


def test_shares_of_variance_are_statsmodels_type_two(kept):
    """The sums of squares of a model of all forks, alone, before the correction for chance."""
    values = kept["percent"].clip(*kept["percent"].quantile(list(summary.TRIM)))
    names = [fork.name for fork in spec.FORKS if fork.name != "errors"]
    fit = smf.ols("y ~ " + " + ".join(f"C({name})" for name in names), kept.assign(y=values)).fit()
    table = anova_lm(fit, typ=2)
    total = ((values - values.mean()) ** 2).sum()
    noise = table.loc["Residual", "sum_sq"] / table.loc["Residual", "df"]
    found = summary.variance_shares(kept).set_index("term")["alone"]
    for name in names:
        row = table.loc[f"C({name})"]
        assert found[name] == pytest.approx((row["sum_sq"] - row["df"] * noise) / total, abs=1e-9), name


def test_shares_of_variance_of_a_made_curve(kept):
    """Only one fork, and then only a pair, moves a made effect."""
    made = kept.assign(percent=kept["breaks"].eq("honoured") * 4.0 + np.arange(len(kept)) % 7 * 1e-6)
    shares = summary.variance_shares(made).set_index("term")["total"]
    assert 0.8 < shares["breaks"] <= 1 and shares.drop("breaks").abs().max() < 1e-6
    pair = kept["breaks"].eq("honoured").mul(2).sub(1) * kept["ended"].eq("kept").mul(2).sub(1)
    shares = summary.variance_shares(kept.assign(percent=pair * 1.0)).set_index("term")
    assert (shares.loc[["breaks", "ended"], "total"] > 0.8).all()
    assert (shares.drop(index=["breaks", "ended"])["total"].abs() < 1e-6).all()
    assert (shares.loc[["breaks", "ended"], "alone"] < 0.05).all()


def test_robustness_lists_every_choice_once(kept):
    table = summary.robustness(kept)
    assert len(table) == sum(len(fork.levels) for fork in spec.FORKS)
    for fork in spec.FORKS:
        rows = table[table["fork"].eq(fork.title)]
        assert rows["choice"].tolist() == list(fork.levels.values())
        assert rows["specifications"].sum() == len(kept)
        assert rows["shift"].iloc[0] == 0
    size = kept.groupby("smallest")["percent"].median()
    shift = table.set_index(["fork", "choice"])["shift"]
    assert shift[("Size", "100,000 and more")] == pytest.approx(size["100000"] - size["25000"])
