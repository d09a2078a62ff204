"""A given list takes the place of ours: an invented list of 55 cities, and the decliners of fiscal 2015."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis import studies
from analysis.panels.policies.compare import BOTH
from analysis.panels.store import load
from analysis.studies.given_list import headlines
from analysis.studies.given_list.current import sample_verdicts

pytestmark = pytest.mark.slow


def invented(n: int = 55) -> pd.DataFrame:
    """Fifty-five large cities in twenty states with invented years from 2002 on; no capital district."""
    places = load("places").dropna(subset=["population_place_2010"])
    large = places[places["place_kind"].eq("incorporated") & places["state"].ne("DC")]
    large = large.sort_values("population_place_2010", ascending=False)
    states = large["state"].drop_duplicates().head(20)
    firsts = large[large["state"].isin(states)].drop_duplicates("state")
    others = large[large["state"].isin(states)].drop(firsts.index)
    chosen = pd.concat([firsts, others]).head(n)
    years = np.random.default_rng(0).integers(2002, 2013, n)
    names = chosen["place_name"].str.replace(r" (?:city|town|village|borough).*$", "", regex=True)
    return pd.DataFrame(
        {"city": names, "state": chosen["state"], "adopted": years, "geoid": chosen["place_fips"]}
    )


@pytest.fixture(scope="module")
def given():
    return studies.with_policies(invented(), name="an invented list")


def test_every_line_is_used_under_its_own_date(given):
    rows = given.given.rows
    assert len(rows) == 55 and rows["geoid"].notna().all()
    mine = given.given.policies
    mine = mine[mine["definition"].eq("status_inquiry")].set_index("geoid")["adopted_year"]
    assert mine.loc[rows["geoid"]].tolist() == rows["adopted"].astype(int).tolist()


def test_fifty_five_of_fifty_five_agree(given):
    verdicts = sample_verdicts(given.given).set_index("claim")["verdict"]
    assert verdicts["uar_cities"] == "agrees" and verdicts["uar_states_20"] == "agrees"
    assert verdicts["uar_first_adoption"] == "agrees" and verdicts["uar_states_19"] == "differs"


def test_a_kind_the_list_lacks_drops_out_with_its_reason(given):
    assert "detainers" not in given.given.definitions
    told = pd.DataFrame(headlines._counties(given.panels))
    assert told["problem"].str.contains("0 counties").all()
    assert set(
        pd.DataFrame(headlines._staggered(given.panels)).query("definition == 'detainers'")["treated"]
    ) == {0}


def test_another_list_gives_another_estimate(given):
    theirs = pd.DataFrame(headlines._staggered(given.panels)).set_index(["definition", "outcome"])
    key = ("status_inquiry", "violent_without_rape")
    ours = headlines._staggered_row(
        headlines.staggered.Samples(headlines.committed_panels()), headlines.committed_panels(), *key
    )
    assert theirs.loc[key, "problem"] == ours["problem"] == ""
    assert theirs.loc[key, "treated"] > 20 and theirs.loc[key, "estimate"] != ours["estimate"]


def test_the_decliners_of_fiscal_2015_are_a_list_of_counties():
    """Counties whose jails declined detainers in 2014 or 2015, dated by the first year they declined any."""
    detainers = load("county_detainers")
    declined = detainers[detainers["declined_local"].fillna(0).gt(0)]
    late = declined.loc[declined["year"].ge(2014), "fips"]
    first = declined.groupby("fips")["year"].min()
    counties = load("counties").set_index("fips")
    known = first[first.index.isin(late) & first.index.isin(counties.index)]
    frame = pd.DataFrame(
        {
            "county": counties.loc[known.index, "county_name"],
            "state": counties.loc[known.index, "state"],
            "year": known,
            "kind": "county",
            "geoid": known.index,
        }
    )
    given = studies.with_policies(frame, name="decliners of fiscal 2015", policy="detainers")
    assert given.given.unresolved.empty and set(given.given.definitions) >= {"detainers", "any_limit"}
    compared = given.comparison()
    own = compared[compared["definition"].eq("detainers") & compared["adopted_first"].notna()]
    assert len(own) == len(known) and 0 < own["status"].eq(BOTH).sum() < len(own)
    told = pd.DataFrame(headlines._counties(given.panels))
    assert told["problem"].eq("").all() and told["treated"].gt(20).all()
