"""The detainer panels: facilities, declines by facility and year, counties by year, counties pooled."""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa

from ...sources.census.crosswalk import read_county_names
from ...sources.ice import detainers as ice
from ..agencies.place_index import to_vintage
from ..columns import panel_model, validate
from ..panel import Built
from .facility_kinds import LOCAL
from .facility_match import KEYS, facility_counties

YEARS = range(2007, 2016)
PLACE_CODES = "crosswalk/place_county_2010_2019.csv"
#: Outcome of a detainer that ended in ICE's custody.
BOOKED = "Booked into Detention"
_FILES = [ice.DECLINED, ice.FISCAL_2015, ice.PENNSYLVANIA, ice.POOLED]
_NO_COUNTY = "at a facility without a county"
_COUNTS_2015 = ["detainers_fiscal_2015", "declined_fiscal_2015", "booked_fiscal_2015"]
_POOLED = ["detainers_pooled", "declined_pooled", "booked_pooled"]

DetainerFacilities = panel_model(
    "DetainerFacilities",
    [
        *["facility", "facility_city", "facility_state", "facility_kind", "county_fips", "county_match"],
        *["declined_2007_2015", *_COUNTS_2015, *_POOLED],
    ],
    keys=["facility", "facility_city", "facility_state"],
    nullable=["county_fips"],
    doc="One row a facility as ICE prints it; the pooled counts stand on the row without a city.",
)
DetainerFacility = panel_model(
    "DetainerFacility",
    [
        *["facility", "facility_city", "facility_state", "year", "facility_kind", "county_fips"],
        *["declined", "other_outcomes", "is_name_shared"],
    ],
    keys=["facility", "facility_city", "facility_state", "year"],
    nullable=["county_fips"],
    doc="One row a facility and calendar year with a declined detainer; 2007 from October, 2015 to 19 July.",
)
CountyDetainers = panel_model(
    "CountyDetainers",
    ["fips", "year", "declined_local", "declined_elsewhere", "detainers_local", "detainers_elsewhere"],
    keys=["fips", "year"],
    doc="One row a county and calendar year, October 2007 to 19 July 2015; zero: no decline recorded.",
)
CountyDetainersPooled = panel_model(
    "CountyDetainersPooled",
    ["fips", *[f"{name}_local" for name in (*_COUNTS_2015, *_POOLED)], "detainers_pooled_shared_local"],
    keys=["fips"],
    doc="One row a county: detainers of fiscal year 2015 to 19 July, and of fiscal years 2008-2015 pooled.",
)


def county_codes() -> pd.Series:
    """Return every county's code in the project's vintage, sorted."""
    codes = to_vintage(read_county_names()["county_fips"])
    return pd.Series(sorted(set(codes[codes.str[:2] <= "56"])), name="fips")


def build_detainer_facilities() -> Built:
    """Return every facility with its county, its kind and its counts in each file."""
    table = facility_counties()
    declined = ice.read_declined().groupby(KEYS)["declined"].sum().rename("declined_2007_2015")
    table = table.merge(declined.reset_index(), on=KEYS, how="left", validate="one_to_one")
    table = table.merge(fiscal_2015_counts(), on=KEYS, how="left", validate="one_to_one")
    pooled = pooled_counts()
    nowhere = table["city"].eq("") & table["state"].eq("")
    on_name = pooled.reindex(table["facility"].where(nowhere)).set_axis(table.index)
    table[_POOLED] = on_name[_POOLED]
    counts = ["declined_2007_2015", *_COUNTS_2015, *_POOLED]
    table[counts] = table[counts].fillna(0).astype("int64")
    return _panel(table, DetainerFacilities, {})


def build_detainer_facility() -> Built:
    """Return declined detainers by facility and year, with the other outcomes of the same name and year."""
    declined = ice.read_declined()
    kinds = facility_counties().drop(columns="county_match")
    table = declined.merge(kinds, on=KEYS, how="left", validate="many_to_one")
    table = table.merge(
        ice.read_other_outcomes(), on=["facility", "year"], how="left", validate="many_to_one"
    )
    printed = facility_counties()
    places = printed[printed["city"].ne("")].groupby("facility").size()
    table["is_name_shared"] = table["facility"].map(places).fillna(1).gt(1)
    table["other_outcomes"] = table["other_outcomes"].astype("Int64")
    return _panel(table, DetainerFacility, {})


def build_county_detainers() -> Built:
    """Return the county-years: declines of every county; all detainers of 2015 and of Pennsylvania.

    ``detainers_*`` are known for 2015 everywhere and for Pennsylvania in every year, and missing otherwise:
    no file counts all detainers of other states by year.
    """
    grid = pd.MultiIndex.from_product([county_codes(), YEARS], names=["fips", "year"]).to_frame(index=False)
    declined = ice.read_declined().rename(columns={"declined": "count"})
    table, dropped = _add(grid, declined, "declined", "declined detainer")
    table = table.fillna({"declined_local": 0, "declined_elsewhere": 0})
    everyone, lost = _all_detainers()
    table, more = _add(table, everyone, "detainers", "detainer of 2015 or Pennsylvania")
    known = table["year"].eq(2015) | table["fips"].str.startswith("42")
    for name in ("detainers_local", "detainers_elsewhere"):
        table[name] = table[name].fillna(0).where(known).astype("Int64")
    counts = ["declined_local", "declined_elsewhere"]
    table[counts] = table[counts].astype("int64")
    names = list(CountyDetainers.to_schema().columns)
    inputs = [ice.DECLINED, ice.FISCAL_2015, ice.PENNSYLVANIA, PLACE_CODES]
    frame = validate(table[names].sort_values(["fips", "year"], ignore_index=True), CountyDetainers)
    return Built(frame, inputs, {**dropped, **more, **lost})


def build_county_detainers_pooled() -> Built:
    """Return the counties' pooled volumes at local facilities.

    Names that several counties share have no county of their own in the pooled file, which prints no state:
    ``detainers_pooled_shared_local`` gives each county its share of them by the name's detainers in fiscal
    year 2015, and zero where the name has none there; it is not part of ``detainers_pooled_local``.
    """
    facilities = facility_counties()
    local = facilities[facilities["facility_kind"].isin(LOCAL)]
    fiscal = local.merge(fiscal_2015_counts(), on=KEYS, how="inner", validate="one_to_one")
    by_name = pooled_counts()
    sure = local[local["city"].eq("") & local["state"].eq("")].merge(
        by_name, left_on="facility", right_index=True, how="inner", validate="one_to_one"
    )
    table = pd.DataFrame(index=pd.Index(county_codes(), name="fips"))
    for part, names in ((fiscal, _COUNTS_2015), (sure, _POOLED)):
        sums = part[part["county_fips"].ne("")].groupby("county_fips")[names].sum()
        table = table.join(sums.add_suffix("_local"))
    table["detainers_pooled_shared_local"] = _shared(fiscal, sure).reindex(table.index)
    dropped = {
        "pooled detainer at no local facility": int(
            by_name["detainers_pooled"].sum() - sure["detainers_pooled"].sum()
        ),
        "pooled detainer at a local facility without a county": int(
            sure.loc[sure["county_fips"].eq(""), "detainers_pooled"].sum()
        ),
    }
    table = table.fillna(0)
    whole = [name for name in table if name != "detainers_pooled_shared_local"]
    table = table.astype(dict.fromkeys(whole, "int64")).reset_index()
    frame = validate(table[list(CountyDetainersPooled.to_schema().columns)], CountyDetainersPooled)
    return Built(frame, [*_FILES, PLACE_CODES], dropped)


def fiscal_2015_counts() -> pd.DataFrame:
    """Return detainers, declines and bookings of fiscal year 2015 to 19 July by facility."""
    rows = ice.read_fiscal_2015()
    rows = rows.assign(
        detainers_fiscal_2015=1,
        declined_fiscal_2015=rows["outcome"].eq(ice.DECLINED_OUTCOME).astype("int64"),
        booked_fiscal_2015=rows["outcome"].eq(BOOKED).astype("int64"),
    )
    return rows.groupby(KEYS, as_index=False)[_COUNTS_2015].sum()


def pooled_counts() -> pd.DataFrame:
    """Return detainers, declines and bookings pooled over fiscal years 2008 to 2015 by facility name."""
    rows = ice.read_pooled()
    wide = pd.DataFrame(
        {
            "detainers_pooled": rows.groupby("facility")["detainers"].sum(),
            "declined_pooled": rows[rows["outcome"].eq(ice.DECLINED_OUTCOME)].set_index("facility")[
                "detainers"
            ],
            "booked_pooled": rows[rows["outcome"].eq(BOOKED)].set_index("facility")["detainers"],
        }
    )
    return wide.fillna(0).astype("int64")


def _shared(fiscal: pd.DataFrame, sure: pd.DataFrame) -> pd.Series:
    """Return the pooled detainers of shared names, by county, in proportion to fiscal year 2015."""
    open_names = sure[sure["county_fips"].eq("")].set_index("facility")["detainers_pooled"]
    parts = fiscal[fiscal["facility"].isin(open_names.index) & fiscal["county_fips"].ne("")]
    weight = parts["detainers_fiscal_2015"] / parts.groupby("facility")["detainers_fiscal_2015"].transform(
        "sum"
    )
    each = weight * parts["facility"].map(open_names)
    return each.groupby(parts["county_fips"]).sum()


def _all_detainers() -> tuple[pd.DataFrame, dict[str, int]]:
    """Return every detainer of 2015 outside Pennsylvania and of Pennsylvania in every year, as counts."""
    nation = ice.read_fiscal_2015()
    late = nation["prepared"].dt.year.eq(2015)
    own = nation["state"].ne("PA")
    both = pd.concat([nation[late & own], ice.read_pennsylvania()], ignore_index=True)
    both["year"] = both["prepared"].dt.year
    table = both.groupby([*KEYS, "year"], as_index=False).size().rename(columns={"size": "count"})
    return table, {"detainer of the last quarter of 2014 outside Pennsylvania": int((~late & own).sum())}


def _add(
    grid: pd.DataFrame, counts: pd.DataFrame, name: str, what: str
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Add a count at local and at other facilities to the county-years, and count what has no county."""
    placed = counts.merge(facility_counties(), on=KEYS, how="left", validate="many_to_one")
    nowhere = ~placed["county_fips"].isin(set(grid["fips"]))
    placed["place"] = (
        placed["facility_kind"].isin(LOCAL).map({True: f"{name}_local", False: f"{name}_elsewhere"})
    )
    sums = placed[~nowhere].pivot_table(
        index=["county_fips", "year"], columns="place", values="count", aggfunc="sum"
    )
    wide = sums.rename_axis(index={"county_fips": "fips"}, columns=None).reset_index()
    table = grid.merge(wide, on=["fips", "year"], how="left", validate="one_to_one")
    return table, {f"{what} {_NO_COUNTY}": int(placed.loc[nowhere, "count"].sum())}


def _panel(table: pd.DataFrame, model: type[pa.DataFrameModel], dropped: dict[str, int]) -> Built:
    table = table.rename(columns={"city": "facility_city", "state": "facility_state"})
    table["county_fips"] = table["county_fips"].mask(table["county_fips"].eq(""))
    names = list(model.to_schema().columns)
    text = ["facility", "facility_city", "facility_state", "facility_kind", "county_fips", "county_match"]
    table = table.astype({name: "str" for name in text if name in names})[names]
    keys = [name for name in ("facility", "facility_city", "facility_state", "year") if name in names]
    return Built(validate(table.sort_values(keys, ignore_index=True), model), _FILES, dropped)
