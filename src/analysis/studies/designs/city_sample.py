"""The city sample of the staggered designs: which agency-years may be compared, every exclusion counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from ...panels.breaks.comparability import OFFENSES_OF, has_break, series_segment
from ...panels.policies.cohorts import assign_treatment, exposure
from .named_places import NAMED_BY_AUTHORS, policy_codes
from .study_spec import StudySpec

PANELS = ("city_year", "series_breaks", "policies", "undated_places", "places")
#: Footnotes that a state's coverage is limited say nothing about a city that is printed.
_ABOUT_COVERAGE = "limited_data"
_NEVER = 9999
_COLUMNS = ("ori", "year", "state", "city", "place_fips", "county_fips", "population", "rape_definition")
#: As `SampleRules.fewest_years`: every year from the first to the last.
EVERY_YEAR = 0


@dataclass(frozen=True)
class SampleRules(StudySpec):
    """The choices that make a sample.

    Attributes
    ----------
    definition : str
        Treatment, one of the panel's definitions.
    outcome : str
        Count of ``city_year`` without suffix.
    first_year, last_year : int
    first_cohort, last_cohort : int
        Years of adoption kept; treated agencies of other years leave, counted.
    smallest : int
        Fewest residents an agency has in its first year in the sample.
    fewest_years : int
        Fewest years an agency is observed in, or `EVERY_YEAR`.
    honour_breaks : bool
        Whether exceptional and faulty figures are left out and every comparable stretch of a series
        counts as a unit of its own.
    keep_ended : bool
        Whether years after a policy ended stay in (as treated).
    include_state_laws : bool
        Whether a statewide law treats every city of its state; otherwise controls of such states leave
        the sample when the law comes.
    clean_counties : bool
        Whether a control leaves when its county adopts any limit: county jails answer detainers.
    keep_limited_before : bool
        Whether a treated agency stays that another limit reached before the year of adoption.
    sizes : tuple of int
        Lower ends of the size classes within which places may swap policies, residents.
    named_by_authors : tuple of str
        Agencies that an author names without a date: never controls.
    """

    definition: str = ""
    outcome: str = ""
    first_year: int = 1999
    last_year: int = 2019
    first_cohort: int = 2000
    last_cohort: int = 2019
    smallest: int = 25_000
    fewest_years: int = 15
    honour_breaks: bool = True
    keep_ended: bool = False
    include_state_laws: bool = False
    clean_counties: bool = True
    keep_limited_before: bool = True
    sizes: tuple[int, ...] = (0, 50_000, 100_000, 250_000)
    named_by_authors: tuple[str, ...] = NAMED_BY_AUTHORS

    @property
    def years_wanted(self) -> int:
        """Fewest years in which an agency is observed, `EVERY_YEAR` counted out."""
        return self.fewest_years or self.last_year - self.first_year + 1


def size_names(sizes: Sequence[int]) -> list[str]:
    """Return what the size classes are called, given their lower ends in residents."""
    inner = [f"{low:,} to {high - 1:,}" for low, high in pairwise(sizes[1:])]
    return [f"under {sizes[1]:,}", *inner, f"{sizes[-1]:,} or more"]


@dataclass(frozen=True)
class CitySample:
    """Rows for estimation and the ledger of those left out.

    Attributes
    ----------
    frame : pandas.DataFrame
        ``unit`` (agency, or agency and stretch), ``ori, state, region, place_fips, city, year, population,
        log_population, count, rate`` (per 100,000), ``log_rate`` (missing at zero), ``cohort`` (0: never),
        ``treated``, ``residents`` (in the agency's first year), ``size`` (class), ``equal`` (the weight that
        makes a count model treat cities alike).
    ledger : pandas.DataFrame
        ``step, rows, agencies``: what each step took out; rows of the frame last.
    left : pandas.DataFrame
        ``ori, step, rows``: how many rows of each agency each step took out, in the order of the steps.
    """

    frame: pd.DataFrame
    ledger: pd.DataFrame
    left: pd.DataFrame


def city_sample(panels: Mapping[str, pd.DataFrame], rules: SampleRules) -> CitySample:
    """Return the sample under `rules`.

    A city that any row, list or author of the rebuilt study names without a usable date is never a control;
    one with a date for another kind of limit, a symbolic act or, by `rules`, a county's limit is a control
    until that date. All are counted in the ledger.

    Parameters
    ----------
    panels : mapping of str to pandas.DataFrame
        `PANELS` by name. The order of their rows does not matter.
    rules : SampleRules
    """
    return sample_of(with_treatment(panels, rules), panels["series_breaks"], rules)


def sample_of(cities: pd.DataFrame, breaks: pd.DataFrame, rules: SampleRules) -> CitySample:
    """Return the sample of agency-years whose treatment is known already, as `with_treatment` returns it."""
    rows = _Rows(cities)
    rows.keep(rows["year"].between(rules.first_year, rules.last_year), _outside(rules))
    rows.keep(rows["place_fips"].notna(), "agency without a place")
    rows.keep(rows["population"].gt(0), "residents not printed")
    residents = rows.first("population")
    rows.keep(rows.taken(residents) >= rules.smallest, f"fewer than {rules.smallest:,} residents at first")
    rows.keep(rows[rules.outcome].notna(), "offense not printed")
    unit = _honour(rows, breaks, rules)
    _treatment_rows(rows, rules)
    rows.keep(rows.years_seen() >= rules.years_wanted, f"observed in fewer than {rules.years_wanted} years")
    rows.ledger.append(("in the sample", len(rows.at), rows.agencies(rows.at)))
    counted = pd.DataFrame(rows.ledger, columns=["step", "rows", "agencies"])
    kept = cities.iloc[rows.at].assign(residents=rows.taken(residents), unit=unit.iloc[rows.at])
    return CitySample(_finish(kept, rules), counted, pd.concat(rows.left, ignore_index=True))


def _outside(rules: SampleRules) -> str:
    return f"outside {rules.first_year}-{rules.last_year}"


class _Rows:
    """Positions in a frame that shrink step by step, with the ledger of steps; no row is copied."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame, self.at = frame, np.arange(len(frame))
        self._agency, self._names = pd.factorize(frame["ori"], sort=True)
        self._year = frame["year"].to_numpy(dtype=np.int64)
        self.ledger: list[tuple[str, int, int]] = []
        self.left: list[pd.DataFrame] = []

    def __getitem__(self, column: str) -> pd.Series:
        """Return a column's values in the rows that are left."""
        return self.frame[column].iloc[self.at]

    def taken(self, values: np.ndarray) -> np.ndarray:
        """Return the values, one for each row of the frame, in the rows that are left."""
        taken: np.ndarray = values[self.at]
        return taken

    def agencies(self, at: np.ndarray) -> int:
        """Return the number of agencies in some rows."""
        return len(np.unique(self._agency[at]))

    def keep(self, mask: pd.Series | np.ndarray, step: str) -> None:
        """Keep the marked rows; book the others under `step`."""
        marked = mask if isinstance(mask, np.ndarray) else mask.astype("boolean").fillna(False).to_numpy(bool)
        lost = self.at[~marked]
        counts = np.bincount(self._agency[lost], minlength=len(self._names))
        there = np.flatnonzero(counts)
        self.ledger.append((step, len(lost), len(there)))
        self.left.append(pd.DataFrame({"ori": self._names[there], "rows": counts[there], "step": step}))
        self.at = self.at[marked]

    def first(self, column: str) -> np.ndarray:
        """Return a column's value in the first year that is left of each row's agency, for every row."""
        order = self.at[np.lexsort((self._year[self.at], self._agency[self.at]))]
        agency, firsts = np.unique(self._agency[order], return_index=True)
        by_agency = np.full(len(self._names), np.nan)
        by_agency[agency] = self.frame[column].iloc[order[firsts]].to_numpy(float)
        return by_agency[self._agency]

    def years_seen(self) -> np.ndarray:
        """Return the number of years in which each row's agency is left."""
        pairs = np.unique(np.column_stack([self._agency[self.at], self._year[self.at]]), axis=0)
        seen = np.bincount(pairs[:, 0], minlength=len(self._names))
        return self.taken(seen[self._agency])


def with_treatment(panels: Mapping[str, pd.DataFrame], rules: SampleRules) -> pd.DataFrame:
    """Return `city_year` with each agency's cohort, and the first year anything else names its place.

    Of the rules only the definition and ``include_state_laws`` matter here.
    """
    policies, undated = panels["policies"], panels["undated_places"]
    kept = [*_COLUMNS, *OFFENSES_OF.keys() & set(panels["city_year"].columns)]
    cities = panels["city_year"][sorted(kept)].sort_values(["ori", "year"]).reset_index(drop=True)
    texts = dict.fromkeys(cities.columns[cities.dtypes.map(pd.api.types.is_string_dtype)], object)
    cities = cities.astype(texts)
    codes = policy_codes(policies, undated, cities["ori"]).fillna(cities["place_fips"])
    cities = cities.assign(geoid=codes)
    places = cities[["state", "geoid"]].dropna().drop_duplicates("geoid")
    treated = assign_treatment(
        places, policies, undated, rules.definition, include_state_laws=rules.include_state_laws
    ).set_index("geoid")
    columns = ["cohort", "ended_year", "excluded_because", "exposed_from", "symbolic_from"]
    counties = exposure(policies, undated, unit="county").set_index("fips")["exposed_from"]
    regions = panels["places"].drop_duplicates("state").set_index("state")["region"]
    return cities.join(treated[columns], on="geoid").assign(
        county_from=cities["county_fips"].map(counties).astype("Int64"),
        region=cities["state"].map(regions),
    )


def _honour(rows: _Rows, breaks: pd.DataFrame, rules: SampleRules) -> pd.Series:
    """Leave out figures that breaks or footnotes disown; return each row's unit: agency or stretch."""
    if not rules.honour_breaks:
        return rows.frame["ori"]
    about = breaks[breaks["break_kind"] != _ABOUT_COVERAGE]
    keys = _series_keys(rows)
    for effect in ("withheld", "incomplete", "exceptional"):
        marked = has_break(keys, about, effect, rules.outcome).to_numpy()
        rows.keep(~marked, f"figure {effect} by a footnote or break")
        keys = keys[~marked]
    stretch = np.zeros(len(rows.frame), dtype=np.int64)
    stretch[rows.at] = series_segment(keys, breaks, rules.outcome)
    return rows.frame["ori"] + "/" + pd.Series(stretch, index=rows.frame.index).astype(str)


def _series_keys(rows: _Rows) -> pd.DataFrame:
    columns = [c for c in ("ori", "state", "year", "rape_definition") if c in rows.frame]
    return rows.frame[columns].iloc[rows.at]


def _treatment_rows(rows: _Rows, rules: SampleRules) -> None:
    """Leave out treated agencies that cannot serve, and controls from the year they stop being one."""
    control, unknown = rows["cohort"].isna(), rows["exposed_from"].eq(0).fillna(False)
    rows.keep(
        ~(control & (unknown | rows["ori"].isin(list(rules.named_by_authors)))), "listed without any date"
    )
    early = rows["cohort"].lt(max(rules.first_cohort, rules.first_year + 1)).fillna(False)
    rows.keep(~early, "adopted before the years studied")
    rows.keep(~rows["cohort"].gt(rules.last_cohort).fillna(False), "adopted after the years studied")
    for column, what in _exposures(rules).items():
        reached = rows["year"] >= rows[column].astype("Int64").fillna(_NEVER)
        rows.keep(rows["cohort"].notna() | ~reached, what)
    if not rules.keep_limited_before:
        limited = rows["exposed_from"].lt(rows["cohort"]).fillna(False)
        rows.keep(~limited, "treated after another limit")
    if not rules.keep_ended:
        over = rows["year"].gt(rows["ended_year"].astype("Int64").fillna(_NEVER))
        rows.keep(~over, "after the policy ended")


def _exposures(rules: SampleRules) -> dict[str, str]:
    by_column = {
        "exposed_from": "control under another limit, a doubtful date or a statewide law",
        "symbolic_from": "control with a symbolic act",
        "county_from": "control in a county that any list or row names",
    }
    return by_column if rules.clean_counties else dict(list(by_column.items())[:2])


def _finish(frame: pd.DataFrame, rules: SampleRules) -> pd.DataFrame:
    count, population = frame[rules.outcome].astype(float), frame["population"].astype(float)
    residents = frame["residents"].astype(float)
    cohort = frame["cohort"].fillna(0).astype(int)
    rate = count / population * 1e5
    made = frame[["unit", "ori", "state", "region", "place_fips", "county_fips", "city", "year"]].assign(
        population=population,
        log_population=np.log(population),
        count=count,
        rate=rate,
        log_rate=np.log(rate.where(rate > 0)),
        cohort=cohort,
        treated=((cohort > 0) & (frame["year"] >= cohort)).astype(float),
        residents=residents,
        size=np.digitize(residents, rules.sizes) - 1,
        equal=1e5 / residents,
    )
    return made.sort_values(["ori", "year"]).reset_index(drop=True)
