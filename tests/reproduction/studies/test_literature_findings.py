"""The other studies' claims: every finding against plain pandas or a peer, and the committed verdicts."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.estimators import Estimates, Sample
from analysis.studies.literature import arellano2017 as border
from analysis.studies.literature import (
    arellano2017_findings,
    secure_communities,
)
from analysis.studies.literature import (
    exhibits as other_tables,
)
from analysis.studies.literature import (
    findings as other_findings,
)
from analysis.studies.published.claims import Finding, claims, verdict
from analysis.studies.published.verdicts import check_verdicts, committed, moved
from analysis.studies.staggered_counties.border_pairs import adjacent
from analysis.studies.staggered_counties.sample import NEW_YORK, begins, months_bound, with_rates
from analysis.studies.staggered_counties.spec import SPEC as COUNTIES
from analysis.studies.synthetic import state_laws
from analysis.studies.synthetic.spec import STATE_LAWS

BOROUGHS = ["36005", "36047", "36061", "36081", "36085"]
COOK = "17031"


@pytest.fixture(scope="module")
def panels():
    return other_findings._panels()


@pytest.fixture(scope="module")
def verdicts():
    return other_findings.verdicts()


@pytest.fixture(scope="module")
def found():
    return border.run()


@pytest.fixture(scope="module")
def stacks(panels, found):
    return {trends: border.stack(panels, found.counties, trends=trends) for trends in (False, True)}


def test_the_verdicts_are_the_committed_ones(verdicts):
    kept = committed()
    check_verdicts(verdicts, kept[kept["claim"].isin(claims("other_studies"))])
    notes = kept.set_index("claim")["note"]
    assert verdicts.set_index("claim")["note"].equals(notes.loc[verdicts["claim"]])


def test_a_verdict_that_moves_is_seen(verdicts):
    first = verdicts["claim"].iloc[0]
    changed = verdicts.assign(verdict=verdicts["verdict"].where(verdicts["claim"].ne(first), "nothing"))
    assert list(moved(changed, verdicts)["claim"]) == [first]


def test_every_claim_has_a_finding_or_a_reason_of_its_own(verdicts):
    published = claims("other_studies")
    reasons = {name: claim.untested_because for name, claim in published.items()}
    assert set(other_findings.findings()) == {name for name, reason in reasons.items() if not reason}
    untested = verdicts[verdicts["verdict"].eq("untested")]
    graded = {name for name, claim in published.items() if not claim.describes}
    assert set(untested["claim"]) == {name for name, reason in reasons.items() if reason and name in graded}
    assert verdicts["note"].ne("").all()
    assert not verdicts["note"].str.contains("later study").any()


def test_every_finding_can_fail(verdicts):
    """Moved far away, each estimate loses its verdict; put on the printed figure, each number agrees."""
    published = claims("other_studies")
    for name, finding in other_findings.findings().items():
        claim = published[name]
        if claim.describes:
            assert verdict(claim, finding) == "not graded"
            continue
        side = -1.0 if claim.kind == "positive" else 1.0
        far = Finding(name, side * 1e7, side * 1e7 - 1, side * 1e7 + 1, finding.unit)
        assert verdict(claim, far) == "differs"
        if claim.figure is not None:
            assert verdict(claim, Finding(name, float(claim.figure.value), unit=finding.unit)) == "agrees"


def test_numbers_of_counties_and_cities_by_plain_pandas(panels, verdicts):
    ours = verdicts.set_index("claim")["estimate"]
    policies = panels["policies"]
    local = policies[policies["kind"].isin(["city", "county"]) & policies["definition"].eq("detainers")]
    each = local.assign(fips=local["counties"].str.split(";")).explode("fips").dropna(subset="fips")
    for year in (2013, 2016):
        dated = each["in_event_time"] | each["excluded_because"].eq("absorbed by state law")
        rows = each[dated & each["adopted_year"].le(year) & ~each["ended_year"].le(year).fillna(False)]
        doubtful = each[~each["in_event_time"] & each["excluded_because"].ne("absorbed by state law")]
        first = doubtful.groupby("fips")["adopted_year"].min()
        older = rows["fips"].map(first) < rows["adopted_year"]
        assert ours[f"ascherio2022_sanctuary_{year}"] == rows.loc[~older, "fips"].nunique()
    both = panels["county_2013_2014"]
    assert ours["ascherio2022_counties"] == both["property_imputed_2013_2014"].notna().sum()
    limits = policies[policies["kind"].eq("city") & policies["definition"].eq("any_limit")]
    limits = limits[limits["in_event_time"] & limits["adopted_year"].between(1999, 2010)]
    assert ours["otsu2020_cities"] == limits["geoid"].nunique()


def test_onsets_by_plain_pandas(panels, verdicts):
    policies = panels["policies"]
    rows = policies[policies["definition"].eq("detainers") & policies["in_event_time"]]
    rows = rows[rows["adopted_year"].between(2010, 2015)]
    codes = rows.loc[rows["kind"].ne("state"), "counties"].dropna().str.split(";").explode()
    own = verdicts.set_index("claim").loc["hausman2020_counties", "estimate"]
    assert own <= codes.nunique() and own >= codes.nunique() - 5
    laws = rows[rows["kind"].eq("state") & rows["reach"].eq("statewide")]["state"]
    with_laws = other_findings.onsets(panels, 2010, 2015, laws=True)
    bound = panels["counties"]["state"].isin(laws).sum()
    assert own < with_laws <= own + bound


def test_adopters_and_counties_around_them_by_hand(panels, found):
    policies = panels["policies"]
    rows = policies[policies["definition"].eq("detainers") & policies["kind"].isin(["city", "county"])]
    rows = rows[rows["in_event_time"] | rows["excluded_because"].eq("absorbed by state law")]
    each = rows.assign(fips=rows["counties"].str.split(";")).explode("fips").dropna(subset="fips")
    table = found.counties.set_index("fips")
    mine = table.index[table["kind"].eq("no_detainer")]
    assert set(mine) <= set(each.loc[each["adopted_year"].between(2008, 2014), "fips"])
    assert found.sizes["no_detainer"] == len(mine) and set(BOROUGHS) <= set(mine)
    pairs, codes = adjacent(COUNTIES.touching), set(table.loc[mine, "code"])
    near = set(pairs.loc[pairs["one"].isin(codes), "other"]) | set(
        pairs.loc[pairs["other"].isin(codes), "one"]
    )
    around = table[table["code"].isin(near) & table["kind"].ne("no_detainer")]
    assert found.sizes["bordering"] == len(around)
    assert set(table.index[table["kind"].eq("bordering")]) == set(around.index)
    compared = table[table["compared"]]
    laws = policies[policies["kind"].eq("state") & policies["reach"].eq("statewide")]
    laws = laws[laws["definition"].eq("detainers") & laws["adopted_year"].le(2014)]
    assert not compared["state"].isin(laws["state"]).any()
    assert not compared.index.isin(each.loc[each["adopted_year"].le(2014), "fips"]).any()


def test_windows_and_shares_of_the_stack(stacks, found):
    dates = found.counties.drop_duplicates("code").set_index("code")["adopted"].dropna()
    first = {code: begins(date)[0] for code, date in dates.items()}
    for trends, rows in stacks.items():
        before = border.BEFORE_TRENDS if trends else border.BEFORE
        year = rows["group"].map(first).clip(upper=2013)
        assert (rows["year"].ge(year - before) & rows["year"].le(rows["group"].map(first) + 1)).all()
        own = rows["fips"].eq(rows["group"])
        assert rows.loc[~own, "bound"].eq(0).all() and rows.loc[rows["year"] < year, "bound"].eq(0).all()
        late = rows[own & rows["year"].eq(2013)].set_index("fips")
        months = dates.reindex(late.index).map(lambda adopted: months_bound(adopted, spec=COUNTIES))
        np.testing.assert_allclose(late["bound"], months / 24)
        assert rows.groupby("group")["fips"].nunique().min() >= 2
    cook = stacks[False].query("group == @COOK and fips == @COOK").set_index("year")["bound"]
    assert cook.loc[2010] == 0 and 0 < cook.loc[2011] < 1 and cook.loc[2012] == 1


@pytest.mark.parametrize(("design", "column"), [("dd1", 1), ("dd2", 1), ("dd1", 2), ("dd2", 2), ("dd2", 4)])
def test_estimates_against_a_peer(stacks, found, design, column):
    """The same regression by pyfixest; county trends as slopes written out."""
    import pyfixest

    covariates, trends = border.COLUMNS[column]
    rows = with_rates(stacks[trends], "property")
    effects = {"dd1": "fips + year", "dd2": "fips + group^year"}[design]
    terms = ["bound", *(border.COVARIATES if covariates else ())]
    if trends:
        rows = rows[rows["state"].isin(["IL", "MN", "PA"])]
        mine = border.fit(rows, "property", design, column)
        slopes = pd.get_dummies(rows["fips"], prefix="slope", dtype=float)
        slopes = slopes.mul(rows["moment"] - 2010, axis=0)
        terms += list(slopes.columns)
        rows = rows.join(slopes)
        error = None
    else:
        table = found.estimates.set_index(["outcome", "design", "column"]).loc[("property", design, column)]
        mine, error = None, table["std_error"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        peer = pyfixest.feols(
            f"log_rate ~ {' + '.join(terms)} | {effects}", rows, vcov={"CRV1": "fips"}, fixef_tol=1e-12
        )
    value = float(mine.estimate[0]) if mine is not None else table["estimate"]
    assert value == pytest.approx(peer.coef()["bound"], abs=1e-7)
    if error is not None:
        assert error == pytest.approx(peer.se()["bound"], rel=1e-6)


def test_findings_hold_estimates_and_errors_in_their_places(found, verdicts):
    mine = verdicts.set_index("claim")
    rows = found.estimates.set_index(["outcome", "design", "column"])
    for name, key in {"total_dd1_2": ("total", "dd1", 2), "type_robbery": ("robbery", "dd2", 4)}.items():
        claim, row = f"arellano2017_{name}", rows.loc[key]
        assert mine.loc[claim, "estimate"] == row["estimate"]
        assert mine.loc[claim, "conf_high"] == row["conf_high"]
        assert mine.loc[f"{claim}_se", "estimate"] == row["std_error"]
    rows = found.quarters.set_index(["quarter", "outcome", "column"]).loc[(4, "violent", 3)]
    assert mine.loc["arellano2017_quartile4_violent_3_se", "estimate"] == rows["std_error"]


def test_quarters_split_the_treatment(stacks):
    rows = border.with_quarters(stacks[False])
    parts = [f"bound_{quarter}" for quarter in border.QUARTERS]
    np.testing.assert_allclose(rows[parts].sum(axis=1), rows["bound"])
    own = rows[rows["fips"].eq(rows["group"])].drop_duplicates("group")
    hispanic = own["hispanic"].to_numpy()
    top = rows.loc[rows["bound_4"].gt(0), "group"].unique()
    assert own.set_index("group").loc[top, "hispanic"].min() >= np.quantile(hispanic, 0.75)


def test_economy_is_the_panel_s(panels):
    table = border.economy(panels).set_index(["fips", "year"])
    years = panels["county_year"]
    row = years[years["fips"].eq(COOK) & years["year"].eq(2009)].iloc[0]
    assert table.loc[(COOK, 2009), "unemployment_rate"] == pytest.approx(row["unemployment_rate"])
    city = years[years["fips"].isin(BOROUGHS) & years["year"].between(2013, 2014)]
    mean = np.average(city["poverty_rate"].astype(float), weights=city["population_census"].astype(float))
    assert table.loc[(NEW_YORK, 2013), "poverty_rate"] == pytest.approx(mean)


def test_balance_is_a_mean_of_counties(panels, found):
    table = found.balance.set_index(["trait", "kind"])
    kind = found.counties.set_index("fips")["kind"]
    counties = panels["counties"].assign(kind=panels["counties"]["fips"].map(kind))
    for trait, column in (("density", "density_2010"), ("hispanic", "hispanic_share_2010")):
        means = counties.groupby("kind")[column].mean()
        for name in border.KINDS:
            assert table.loc[(trait, name), "mean"] == pytest.approx(means[name])
    for trait in ("density", "hispanic", "foreign_born"):
        printed = claims("other_studies")[f"arellano2017_balance_{trait}_other"].printed
        assert table.loc[(trait, "other"), "mean"] < float(printed)


def test_order_of_rows_does_not_matter(panels, found, stacks):
    shuffled = {name: frame.sample(frac=1, random_state=9) for name, frame in panels.items()}
    counties = border.kinds(shuffled)
    pd.testing.assert_frame_equal(counties, found.counties)
    again = border.stack(shuffled, counties, trends=False)
    pd.testing.assert_frame_equal(again, stacks[False])


def test_activation_by_hand(panels):
    frame = secure_communities.sample(panels)
    dates = panels["secure_communities"].set_index("fips")["activated"]
    row = frame[frame["fips"].eq("48201") & frame["year"].eq(2009)].iloc[0]
    assert dates["48201"].startswith("2008") and row["activated"] == 1 and row["cohort"] == 2008
    first = frame[frame["activated_year"].eq(frame["year"])]
    day = pd.to_datetime(first["fips"].map(dates)).dt.day_of_year
    np.testing.assert_allclose(first["activated"], 1 - (day - 1) / 365.25)
    assert frame.loc[frame["year"].lt(2008), "activated"].eq(0).all() and frame["year"].max() == 2012
    assert frame.loc[frame["cohort"].eq(0), "activated_year"].eq(2013).all()
    few = with_rates(frame[frame["state"].isin(["WA", "NM"])], "total")
    mine = secure_communities.two_way(few, "activated", ["fips", "year"])
    dummies = pd.get_dummies(few[["fips", "year"]].astype(str), dtype=float).drop(columns="year_2012")
    matrix = np.column_stack([few["activated"], dummies])
    model = sm.GLM(
        few["count"].to_numpy(), matrix, sm.families.Poisson(), offset=few["log_people"].to_numpy()
    )
    assert mine.estimate[0] == pytest.approx(model.fit(tol=1e-12).params[0], abs=1e-6)


def test_what_the_chapter_says_of_hispanic_shares(found, verdicts):
    table = other_tables.border_estimates(found, verdicts)
    rows = table[table["part"].eq("quarters") & table["outcome"].eq("total") & table["column"].eq(1)]
    rows = rows.set_index("quarter")
    assert rows["printed"].astype(float).is_monotonic_increasing
    assert rows.loc[4, "estimate"] < rows.loc[1, "estimate"]
    assert rows.loc[4, "conf_low"] < float(rows.loc[4, "printed"]) < rows.loc[4, "conf_high"]


def test_what_the_chapter_says_of_activation():
    table = secure_communities.run().estimates.set_index(["outcome", "design"])
    assert table.loc[("index", secure_communities.TWO_WAY), "conf_high"] < 0
    for design in (secure_communities.LOG_WITHIN, secure_communities.LEAD):
        row = table.loc[("index", design)]
        assert row["conf_low"] < 0 < row["conf_high"]


def test_california_stands_against_states_nothing_names(panels, verdicts):
    row = verdicts.set_index("claim").loc["kubrin2020_violent"]
    assert row["conf_high"] - row["estimate"] == pytest.approx(row["estimate"] - row["conf_low"])
    again = other_findings.sb54("violent")
    assert again["after"] == 1 and again["donors"] > 20 and again["estimate"] == row["estimate"]
    rates = state_laws.rate_tables(panels["state_year"], spec=STATE_LAWS)["violent"]
    observed = rates.loc["CA", 2018]
    assert observed - again["counterfactual"] == pytest.approx(row["estimate"])


def test_drift_is_the_slope_of_the_leads():
    times = [-5, -4, -3, -2, 0, 1]
    effects = np.array([0.03 * (time + 1) for time in times[:4]] + [5.0, 7.0])
    events = Estimates(
        method="event",
        keys=pd.DataFrame({"event_time": times}),
        estimate=effects,
        covariance=np.diag([0.01] * 4 + [9.0] * 2),
        sample=Sample(given=50, used=50, clusters=11),
        design={"correction": "none", "df": np.inf},
    )
    row = other_findings.drift(events)
    assert row["estimate"] == pytest.approx(0.03)
    assert row["std_error"] == pytest.approx(0.1 / np.sqrt(16 + 9 + 4 + 1))
    assert row["df"] == 10


def test_tables_hold_every_tested_claim_once(found, verdicts):
    table = other_tables.border_estimates(found, verdicts)
    rest = other_tables.tested(verdicts)
    balanced = len(other_tables.balance_table(found)) * len(border.KINDS)
    errors = len(table)
    assert len(table) + errors + len(rest) + balanced + 2 == verdicts["estimate"].notna().sum()
    whole = other_tables.by_study(verdicts)
    assert whole["claims"].iloc[-1] == whole["claims"].iloc[:-1].sum() == len(verdicts)
    assert table["part"].value_counts().to_dict() == {"totals": 24, "quarters": 24, "types": 6}
    notes = " ".join(other_tables.differences(rest)).replace("\N{MINUS SIGN}", "-")
    assert all(note in notes for note in rest["note"])
    assert other_tables.reasons(verdicts)["claims"].sum() == verdicts["verdict"].eq("untested").sum()
    quarters = table.loc[table["part"].eq("quarters"), "group"]
    assert quarters.ne(quarters.shift()).sum() == quarters.nunique() == 6
    assert set(arellano2017_findings.findings()) <= set(verdicts["claim"])
