"""Statewide laws: windows and donors against the panels, gaps against plain numpy, ranks by recount."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import optimize

from analysis.panels.store import load
from analysis.studies.designs.synthetic_cases import METHODS, fit, half_width
from analysis.studies.synthetic import state_laws as study
from analysis.studies.synthetic.spec import STATE_LAWS


@pytest.fixture(scope="module")
def panels():
    return {name: load(name) for name in study.PANELS}


@pytest.fixture(scope="module")
def parts(panels):
    breaks = study.series_starts(panels["state_year"])
    laws = study.dated_laws(panels["policies"], breaks, spec=STATE_LAWS)
    named, rates = (
        study.named_states(panels["policies"]),
        study.rate_tables(panels["state_year"], spec=STATE_LAWS),
    )
    donors = pd.concat(
        [study.donor_table(law, rates, named, breaks, spec=STATE_LAWS) for law in laws.to_dict("records")]
    )
    return laws, donors, rates, breaks


def one_law(parts, name):
    laws, donors, rates, _ = parts
    return laws.set_index("law", drop=False).loc[name].to_dict(), donors, rates


def test_every_law_is_a_dated_row_of_the_panel(parts, panels):
    laws = parts[0]
    rows = panels["policies"]
    rows = rows[rows["kind"].eq("state") & rows["in_event_time"] & rows["reach"].eq("statewide")]
    dated = {(state, int(year)) for state, year in zip(rows["state"], rows["adopted_year"], strict=True)}
    assert {(s, y) for s, y in zip(laws["state"], laws["start"], strict=True)} == {
        d for d in dated if d[1] <= 2019
    }
    assert {("CA", 2014), ("CA", 2018), ("OR", 1987), ("CT", 2014), ("IL", 2017)} <= dated


def test_windows(parts):
    laws = parts[0].set_index("law")
    assert laws.loc["California 2014", "last"] == 2017
    assert tuple(laws.loc["Oregon 1987", ["first", "last"]]) == (1979, 1996)
    assert laws.loc["New York 2018", "first"] == 2012
    assert (laws["before"] + laws["after"] == laws["last"] - laws["first"] + 1).all()


def test_every_state_is_a_donor_or_has_a_reason(parts, panels):
    laws, donors, _, _ = parts
    states = set(panels["state_year"]["state"])
    for law in laws.itertuples():
        own = donors[donors["law"].eq(law.law)]
        assert set(own["state"]) == states - {law.state} and not own["state"].duplicated().any()


def test_mississippi_is_no_donor_while_it_has_no_figures(parts):
    laws, donors, _, _ = parts
    own = donors[donors["state"].eq("MS")].set_index("law")["reason"]
    assert (own[laws.loc[laws["first"].eq(1979), "law"]] == "no figures for part of the window").all()
    assert own["New York 2018"] == ""


def test_no_donor_is_named_within_the_window(parts, panels):
    laws, donors, _, _ = parts
    rows = panels["policies"]
    rows = rows[rows["kind"].eq("state")]
    compared = 0
    for law in laws.itertuples():
        kept = donors.loc[donors["law"].eq(law.law) & donors["reason"].eq(""), "state"]
        named = rows[rows["state"].isin(kept) & rows["adopted_year"].le(law.last)]
        assert named.empty and "DC" not in set(kept)
        compared += len(kept)
    assert compared > 350


@pytest.mark.parametrize("name", ["California 2018", "Connecticut 2014"])
def test_synthetic_control_by_plain_numpy(parts, name):
    """Weights by a general optimizer of the same objective on the panel itself."""
    law, donors, rates = one_law(parts, name)
    table = rates["violent_without_rape"]
    kept = sorted(donors.loc[donors["law"].eq(name) & donors["reason"].eq(""), "state"])
    years = list(range(law["first"], law["last"] + 1))
    before = np.array(years) < law["start"]
    own, others = table.loc[law["state"], years].to_numpy(), table.loc[kept, years].to_numpy()
    scale = own[before].mean()

    def loss(w):
        gap = (own[before] - w @ others[:, before]) / scale
        return gap @ gap, -2 / scale * others[:, before] @ gap

    start = np.full(len(kept), 1 / len(kept))
    found = optimize.minimize(
        loss,
        start,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * len(kept),
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1, "jac": lambda w: np.ones_like(w)},
        options={"maxiter": 2000, "ftol": 1e-14},
    )
    assert found.success
    one = fit(study._case(law, donors, table, "rate"), "synthetic_control")
    gap = own - found.x @ others
    assert one.row["estimate"] == pytest.approx(gap[~before].mean(), abs=0.3)
    assert one.row["fit_before"] == pytest.approx(np.sqrt((gap[before] ** 2).mean()), rel=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_ranks_by_recount(parts, method):
    """Each donor is treated in turn, in a panel without the treated state, and counted by hand."""
    law, donors, rates = one_law(parts, "Illinois 2017")
    case = study._case(law, donors, rates["robbery"], "log")
    whole = fit(case, method)
    effects = whole.placebos
    assert list(effects.index) == [state for state in case.values.index if state != "IL"]
    exceeding = sum(abs(effect) >= abs(whole.row["estimate"]) for effect in effects)
    assert whole.row["p_value"] == (1 + exceeding) / (1 + len(effects))
    assert whole.row["rank"] == 1 + exceeding
    if method == "synthetic_control":
        again = study.build_case("x", "OH", case.start, case.values.drop(index="IL"), case.values.columns)
        assert fit(again, method).row["estimate"] == pytest.approx(effects["OH"], abs=1e-6)


def test_interval_inverts_the_rank_test():
    placebos = np.random.default_rng(3).normal(size=33)
    half = half_width(placebos)
    for estimate, rejected in ((half * 1.0001, True), (half * 0.9999, False)):
        p = (1 + (np.abs(placebos) >= estimate).sum()) / 34
        assert (p <= 0.05) == rejected
    assert half_width(placebos[:15]) == np.inf


def test_rows_in_any_order(panels):
    mixed = {name: table.sample(frac=1, random_state=5) for name, table in panels.items()}
    breaks = study.series_starts(mixed["state_year"])
    laws = study.dated_laws(mixed["policies"], breaks, spec=STATE_LAWS)
    pd.testing.assert_frame_equal(
        laws, study.dated_laws(panels["policies"], study.series_starts(panels["state_year"]), spec=STATE_LAWS)
    )
    for name, table in study.rate_tables(mixed["state_year"], spec=STATE_LAWS).items():
        pd.testing.assert_frame_equal(table, study.rate_tables(panels["state_year"], spec=STATE_LAWS)[name])


def test_joint_design(parts, panels):
    """The staggered estimate weighs states by treated years; New York and states without figures are out."""
    laws, _, rates, _ = parts
    start = (
        laws[laws["first"].eq(1979) & laws["start"].ge(2014)]
        .drop_duplicates("state")
        .set_index("state")["start"]
    )
    assert "NY" not in start.index and start["CA"] == 2014 and len(start) == 9
    rows = study.together("Main", start, ["property"], rates, panels, draws=19, spec=STATE_LAWS)
    assert [row["states"] for row in rows] == [9, 9]
    assert all(row["p_value"] * 20 == pytest.approx(round(row["p_value"] * 20)) for row in rows)
    half = (rows[0]["conf_high"] - rows[0]["conf_low"]) / 2
    assert half == pytest.approx(1.959964 * rows[0]["std_error"], rel=1e-6)
