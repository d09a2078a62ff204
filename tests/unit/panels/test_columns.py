"""The codebook: one definition a name, models strict, errors that say what and where."""

import pandas as pd
import pytest

from analysis.errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from analysis.panels import columns

MODEL = columns.panel_model(
    "Small", ["ori", "year", "homicide", "homicide_per_100k"], keys=["ori", "year"], doc="Small."
)


def small(**changes):
    frame = pd.DataFrame(
        {
            "ori": ["NY0303000", "NY0303000"],
            "year": [2000, 2001],
            "homicide": pd.array([673, None], dtype="Int64"),
            "homicide_per_100k": [8.4, float("nan")],
        }
    )
    return frame.assign(**changes)


def test_a_right_frame_comes_back_untouched():
    frame = small()
    pd.testing.assert_frame_equal(columns.validate(frame, MODEL), small())


@pytest.mark.parametrize(
    ("frame", "error", "says"),
    [
        (small(year=2000), DuplicateKeyError, "share a key"),
        (small(homicide=pd.array([-1, 2], dtype="Int64")), ImpossibleValueError, "homicide"),
        (small(year=[2000, 3000]), ImpossibleValueError, "year"),
        (small(ori=["NY0303000", None]), ImpossibleValueError, "ori"),
        (small(homicide=[1.0, 2.0]), LayoutError, "homicide"),
        (small().drop(columns="homicide"), LayoutError, "homicide"),
        (small(unknown=1), LayoutError, "unknown"),
        (small()[["year", "ori", "homicide", "homicide_per_100k"]], LayoutError, "out-of-order"),
    ],
)
def test_a_wrong_frame_is_refused(frame, error, says):
    with pytest.raises(error, match=says):
        columns.validate(frame, MODEL)


def test_nullability_can_differ_by_panel():
    must = columns.panel_model(
        "Must", ["ori", "year", "homicide"], keys=["ori", "year"], required=["homicide"]
    )
    with pytest.raises(ImpossibleValueError, match="homicide"):
        columns.validate(small().drop(columns="homicide_per_100k"), must)


def test_rates_are_derived_from_their_counts():
    rate = columns.column("burglary_per_100k")
    assert (rate.dtype, rate.unit, rate.minimum) == ("float64", "per 100,000 residents", 0.0)
    assert columns.column("burglary_per_10k").unit == "per 10,000 residents"
    with pytest.raises(LayoutError, match="No column"):
        columns.column("happiness_per_100k")


def test_the_codebook_is_whole_and_prints():
    table = columns.codebook()
    assert table["column"].is_unique
    assert table["meaning"].str.len().gt(5).all()
    assert set(table["type"]) <= {"str", "int64", "Int64", "float64", "bool", "boolean"}
    printed = columns.codebook_markdown(MODEL).splitlines()
    assert len(printed) == 2 + 4
    assert printed[0].startswith("| column | type | unit |")
    assert "| 0 | 100,000 | yes |" in printed[4]


def test_a_name_defined_twice_is_an_error(monkeypatch, tmp_path):
    (tmp_path / "codebook").mkdir()
    head = "name,dtype,unit,minimum,maximum,nullable,allowed,meaning\n"
    for name in ("a", "b"):
        (tmp_path / "codebook" / f"{name}.csv").write_text(head + "year,int64,year,,,no,,Calendar year\n")
    monkeypatch.setattr(columns, "files", lambda package: tmp_path)
    columns.columns.cache_clear()
    try:
        with pytest.raises(DuplicateKeyError, match="year is defined twice"):
            columns.columns()
    finally:
        monkeypatch.undo()
        columns.columns.cache_clear()
