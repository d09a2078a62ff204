"""Public example data sets with published results, from packages that ship them.

Each function returns a data frame with the columns that its first publisher gave it. ``tests/data/README.md``
says where each comes from. The packages' files are read without importing the packages.
"""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

FACTS = Path(__file__).parents[1] / "data"


def shipped(package: str, *parts: str) -> Path:
    """Return a file of an installed package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            f"{package} is not installed: install the extra `dev`, whose data the tests use"
        )
    return Path(spec.origin).parent.joinpath(*parts)


def mpdta() -> pd.DataFrame:
    """Return log teen employment ``lemp`` of 500 counties, 2003 to 2007, and ``first.treat``, 0 for never."""
    return pd.read_pickle(shipped("moderndid", "core", "datasets", "mpdta_long.pkl.gz"))


def prop99() -> pd.DataFrame:
    """Return cigarette packs a head of 39 states, 1970 to 2000."""
    return pd.read_csv(shipped("synthdid", "data", "california_prop99.csv"), sep=";")


def lalonde() -> pd.DataFrame:
    """Return Dehejia and Wahba's experimental sample with incomes to six digits, as the R package Matching has it."""
    data = pd.read_stata(shipped("causaldata", "nsw_mixtape", "nsw_mixtape.dta"))
    data = data.rename(columns={"hispanic": "hisp", "marr": "married", "nodegree": "nodegr"}).drop(
        columns="data_id"
    )
    incomes = {name: data[name].map(_six_digits) for name in ("re74", "re75", "re78")}
    data = data.assign(**incomes).astype(float)
    return data.assign(u74=data["re74"].eq(0).astype(int), u75=data["re75"].eq(0).astype(int))


def _six_digits(income: float) -> float:
    """Return an income rounded to seven digits and then to six, halves upwards."""
    seven = Decimal(f"{income:.7g}")
    return float(seven.quantize(Decimal(1).scaleb(seven.adjusted() - 5), ROUND_HALF_UP)) if seven else 0.0


def castle() -> pd.DataFrame:
    """Return homicide and castle doctrine laws of 50 states, 2000 to 2010, with causaldata's other columns.

    ``post`` is 1 from the year in which a law takes effect, ``cdl`` the share of the year it is in force.
    """
    data = pd.read_stata(shipped("causaldata", "castle", "castle.dta")).drop(columns="post")
    south = data.loc[data["year"].eq(2000)].set_index("sid")["r20003"]
    data = data.loc[:, ~data.columns.str.match(r"r20\d\d\d$|trend_|lead\d|lag\d")]
    data = data.astype(dict.fromkeys(data.select_dtypes("float32"), float))
    counts, laws = (pd.read_csv(FACTS / f"castle_{name}.csv") for name in ("counts", "laws"))
    data = data.merge(counts.rename(columns={"homicides": "homicide_c"}), on=["sid", "year"], validate="1:1")
    data = data.merge(laws, on="state", how="left", validate="m:1").copy()
    since, share = data["year"] - data.pop("first_year"), data.pop("share_of_first_year")
    return data.assign(
        post=since.ge(0).astype(float),
        cdl=np.where(since.gt(0), 1.0, np.where(since.eq(0), share, 0.0)),
        south=data["sid"].map(south).astype(int),
        l_pop=np.log(data["population"]).astype("float32").astype(float),
    )


def medicaid() -> dict:
    """Return the event study of Medicaid expansions: ``years``, ``beta`` and ``cov``.

    States that expanded in 2014 against those that had not by 2015, 2008 to 2015, relative to 2013; state and
    year effects; covariance by state with the factor ``G/(G-1) (N-1)/(N-K)``, effects of states not in K.
    """
    data = pd.read_pickle(shipped("moderndid", "core", "datasets", "ehec_data.pkl.gz"))
    data = data[data["year"].lt(2016) & ~data["yexp2"].eq(2015)].sort_values(["stfips", "year"])
    years = [year for year in range(2008, 2016) if year != 2013]
    insured = data.pivot(index="stfips", columns="year", values="dins")
    expands = data.groupby("stfips")["yexp2"].first().eq(2014).to_numpy()
    states, periods = insured.shape
    change = insured[years].sub(insured[2013], axis=0).to_numpy()
    beta = change[expands].mean(axis=0) - change[~expands].mean(axis=0)
    # Within states, years and both groups, what is left is each state's deviation from its group's mean.
    left = insured.sub(insured.mean(axis=1), axis=0)
    left -= left.groupby(expands).transform("mean")
    weights = np.where(expands, 1 / expands.sum(), -1 / (~expands).sum())[:, None]
    score = weights * left[years].sub(left[2013], axis=0).to_numpy()
    factor = states / (states - 1) * (data.shape[0] - 1) / (data.shape[0] - 2 * len(years) - 1)
    assert data.shape[0] == states * periods
    return {"years": years, "beta": beta.tolist(), "cov": (factor * score.T @ score).tolist()}


#: R's HonestDiD on `medicaid`, to the digits printed: bounds of relative magnitudes and of smoothness by parameter.
R_HONEST_DID = {
    "r_honestdid_relative_magnitudes": {
        "0.5": [0.0241, 0.0673],
        "1": [0.0171, 0.0720],
        "1.5": [0.0086, 0.0796],
        "2": [-0.0011, 0.0883],
    },
    "r_honestdid_smoothness": {"0": [0.0259, 0.0607], "0.01": [0.0132, 0.0787]},
}


def write(folder: Path) -> Path:
    """Write all data sets to a folder, as CSV files and one JSON file, and return it."""
    for read in (mpdta, castle, lalonde):
        read().to_csv(folder / f"{read.__name__}.csv", index=False)
    prop99().to_csv(folder / "prop99.csv", index=False, sep=";")
    (folder / "honest_did_inputs.json").write_text(json.dumps(medicaid() | R_HONEST_DID))
    return folder
