"""The overview of a staggered adoption: words follow numbers, faults get a diagnosis, files hold the same."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
from example_data import castle, mpdta
from scipy import stats

from analysis.estimators import (
    ColumnError,
    EstimationError,
    StaggeredReport,
    breakdown_value,
    compare_estimators,
    group_time,
    joint_test,
    minimum_detectable_effect,
    staggered_report,
)
from analysis.estimators.overview.parts import POWER, _noncentrality, lead_power
from analysis.estimators.overview.sentences import number
from analysis.estimators.sensitivity.event_path import event_path

KEYS = {"outcome": "y", "unit": "unit", "time": "year", "adopted": "first"}


def panel(effect=0.0, trend=0.0, noise=1.0, units=90, seed=5, cohorts=(0, 2006, 2008)) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"unit": range(units), "first": np.resize(cohorts, units), "level": draw.normal(size=units)}
    )
    frame = frame.merge(pd.DataFrame({"year": range(2000, 2012)}), how="cross")
    ever = frame["first"] > 0
    on = ever & (frame["year"] >= frame["first"])
    frame["y"] = 10 + frame["level"] + effect * on + trend * ever * (frame["year"] - 2000)
    frame["y"] += draw.normal(0, noise, len(frame))
    return frame


def report_of(frame, **options) -> StaggeredReport:
    return staggered_report(frame, **KEYS, refits=3, **options)


@pytest.fixture(scope="module")
def reports():
    return {
        "rise": report_of(panel(effect=2.0)),
        "fall": report_of(panel(effect=-2.0)),
        "null": report_of(panel()),
        "trend": report_of(panel(trend=0.5)),
    }


WORDS = {
    "rise": ["the outcome has risen", "so is a rise of less than", "does not reject equal trends"],
    "fall": ["the outcome has fallen", "so is a fall of less than"],
    "null": ["does not show that there is no effect", "are not ruled out; larger ones are"],
    "trend": [
        "rejects equal trends",
        "should not be read as one of adoption",
        "a warning about the comparison",
    ],
}


@pytest.mark.parametrize("case", WORDS)
def test_words_follow_the_numbers(reports, case):
    for words in WORDS[case]:
        for other, report in reports.items():
            if other == case:
                assert words in report.paragraph, (words, report.paragraph)
    assert "no effect" not in reports[case].paragraph.replace("does not show that there is no effect", "")


def test_rise_is_not_called_a_fall(reports):
    assert "fallen" not in reports["rise"].paragraph and "risen" not in reports["fall"].paragraph
    assert "does not show" not in reports["rise"].paragraph and "risen" not in reports["null"].paragraph


@pytest.mark.parametrize("case", WORDS)
def test_every_number_of_the_paragraph_is_that_of_its_part(reports, case):
    report, text = reports[case], reports[case].paragraph
    row = report.overall.tidy().iloc[0]
    refits = [report.by_cohort.table()["estimate"], report.by_cluster.table()["estimate"]]
    table = report.comparison.table("overall")
    power = report.lead_power.set_index("test").loc["joint"]
    told = [row.estimate, row.conf_low, row.conf_high, report.detectable, report.baseline, power.slope]
    told += [power.average_after, table["estimate"].min(), table["estimate"].max()]
    told += [end for values in refits for end in (values.min(), values.max())]
    told += [report.bounds.loc[2, "conf_low"], report.bounds.loc[2, "conf_high"]]
    for value in told:
        assert number(float(value)).lstrip("−") in text, value
    if 0 < report.breakdown < np.inf:
        assert f"{number(report.breakdown)} times" in text


def test_a_breakdown_of_zero_and_of_infinity_have_words_of_their_own(reports):
    import dataclasses

    none = dataclasses.replace(reports["null"], breakdown=0.0)
    always = dataclasses.replace(reports["rise"], breakdown=np.inf)
    assert "Even with exactly parallel trends" in none.paragraph
    assert "ten times as much" in always.paragraph


def test_one_treated_cluster_rules_nothing_out():
    frame = panel(effect=2.0, units=30)
    frame["first"] = np.where(frame["unit"] == 0, 2006, 0)
    report = report_of(frame)
    assert "nothing is ruled out" in report.paragraph
    assert "risen" not in report.paragraph
    assert report.findings["what"].str.contains("One cluster is treated").any()
    assert "without each cohort" in report.reasons


def test_parts_are_those_of_the_single_calls():
    frame = mpdta()
    keys = {"outcome": "lemp", "unit": "countyreal", "time": "year"}
    report = staggered_report(frame, **keys, adopted="first.treat", refits=2)
    fit = group_time(frame, **keys, cohort="first.treat")
    events = fit.aggregate("event", window=(-4, 3))
    np.testing.assert_array_equal(report.overall.estimate, fit.aggregate("simple").estimate)
    np.testing.assert_array_equal(report.events.covariance, events.covariance)
    ahead = (events.keys["event_time"] < -1).to_numpy()
    assert report.leads.p_value == joint_test(events, ahead).p_value
    assert report.breakdown == breakdown_value(events, target="average")
    assert report.detectable == minimum_detectable_effect(fit.aggregate("simple")).iloc[0, -1]
    compared = compare_estimators(frame, **keys, cohort="first.treat", control="never", window=(-4, 3))
    for name, found in compared.overall.items():
        np.testing.assert_array_equal(report.comparison.overall[name].estimate, found.estimate)
    assert set(report.comparison.skipped) == set(compared.skipped)
    # Callaway and Sant'Anna's published average for these data, printed by R's did
    assert round(float(report.overall.estimate[0]), 4) == -0.0400
    assert report.cohorts["units"].tolist() == [20, 40, 131, 309]


def test_castle_laws_are_read_with_their_caveats():
    frame = castle()
    frame["first"] = frame["sid"].map(frame[frame["post"].eq(1)].groupby("sid")["year"].min())
    frame["rate"] = np.log(frame["homicide_c"] / frame["population"] * 1e5)
    report = staggered_report(frame, outcome="rate", unit="sid", time="year", adopted="first", refits=2)
    assert report.cohorts["units"].sum() == 50 and report.cohorts["cohort"].tolist()[-1] == "never"
    assert "one unit" in report.comparison.skipped["efficient_timing"]
    assert "says little about it" in report.paragraph
    assert "too short" not in report.paragraph  # 50 clusters


def test_medicaid_expansions_of_a_package_come_out_as_published():
    """The event study of `example_data.medicaid`, whose bounds R's HonestDiD prints, from the raw panel."""
    from example_data import medicaid, shipped

    data = pd.read_pickle(shipped("moderndid", "core", "datasets", "ehec_data.pkl.gz"))
    data = data[data["year"].lt(2016) & ~data["yexp2"].eq(2015)]
    data = data.assign(first=data["yexp2"].where(data["yexp2"].lt(2016)))
    report = staggered_report(
        data, outcome="dins", unit="stfips", time="year", adopted="first", window=(-6, 1), refits=2
    )
    published = medicaid()
    assert report.events.keys["event_time"].tolist() == [-6, -5, -4, -3, -2, 0, 1]
    np.testing.assert_allclose(report.events.estimate, published["beta"], atol=1e-12)
    assert "the outcome has risen" in report.paragraph


def test_a_city_panel_of_ours_is_studied():
    from analysis.panels import study_frame

    frame = study_frame("detainers", "violent_without_rape", smallest=250_000)
    report = staggered_report(
        frame, outcome="rate", unit="unit", time="year", adopted="cohort", cluster="state", refits=3
    )
    assert not report.stops and report.overall is not None
    assert report.cohorts["rows"].sum() == len(frame)
    assert "this interval may be too short" in report.paragraph  # states: 20 or so
    kept = frame["unit"].nunique()
    assert f"{kept:,} units are seen" in report.paragraph


@pytest.mark.parametrize("df", [np.inf, 20.0])
def test_trend_called_detectable_is_detected_so_often(df):
    """Draw event studies around the slope and count rejections of the joint test."""
    draw = np.random.default_rng(8)
    root = draw.normal(size=(3, 3))
    covariance = root @ root.T + np.eye(3)
    distance = np.array([-3.0, -2.0, -1.0])
    slope = np.sqrt(_noncentrality(3, df, 0.95) / (distance @ np.linalg.solve(covariance, distance)))
    scale = 1.0 if np.isinf(df) else draw.chisquare(df, 40_000) / df
    estimate = slope * distance + draw.multivariate_normal(np.zeros(3), covariance, 40_000)
    chi = np.einsum("ij,ij->i", estimate, np.linalg.solve(covariance, estimate.T).T) / scale
    critical = stats.chi2.ppf(0.95, 3) if np.isinf(df) else 3 * stats.f.ppf(0.95, 3, df)
    assert abs((chi > critical).mean() - POWER) < 0.008


def test_slope_of_the_joint_test_uses_its_own_covariance(reports):
    events = reports["null"].events
    path = event_path(events)
    table = lead_power(events, path, 0.95).set_index("test")
    shape = table.loc["joint", "slope"] * path.distance[: path.k]
    weight = shape @ np.linalg.solve(path.covariance[: path.k, : path.k], shape)
    df = events.design["df"]
    assert stats.ncf.sf(stats.f.ppf(0.95, path.k, df), path.k, df, weight) == pytest.approx(POWER, abs=1e-6)
    assert table.loc["joint", "average_after"] == pytest.approx(
        table.loc["joint", "slope"] * path.distance[path.k :].mean()
    )


FRAME = panel(effect=1.0, units=12)
BAD = {
    "text outcome": (FRAME.assign(y=["n/a", *FRAME["y"].astype(str)[1:]]), "holds text in 1 of 144 rows"),
    "numbers as text": (FRAME.assign(y=FRAME["y"].astype(str)), "numbers written as text"),
    "dates as time": (
        FRAME.assign(year=pd.to_datetime(FRAME["year"].astype(str))),
        "hold different things",
    ),
    "no row": (FRAME.head(0), "has no rows"),
    "repeated": (pd.concat([FRAME, FRAME.head(2)]), "2 rows repeat"),
    "treatment": (
        FRAME.assign(first=(FRAME["first"].between(1, FRAME["year"])).astype(int)),
        "differs within 8",
    ),
    "ever treated": (FRAME.assign(first=FRAME["first"].gt(0).astype(int)), "looks like a treatment"),
    "never": (FRAME.assign(first=np.nan), "no unit is ever treated"),
    "zeros": (FRAME.assign(first=0), "No unit is ever treated"),
    "late": (FRAME.assign(first=2050), "after the last period"),
    "early": (FRAME.assign(first=2000), "in the first period or before"),
    "all at once": (FRAME.assign(first=2005), "nobody to compare with"),
    "one period": (FRAME[FRAME["year"].eq(2000)], "one period"),
    "between": (
        FRAME.assign(first=FRAME["first"].where(FRAME["first"].eq(0), 2005.5)),
        "between the periods",
    ),
    "constant": (FRAME.assign(y=3.0), "is 3 in every row"),
    "infinite": (FRAME.assign(y=FRAME["y"].where(FRAME.index > 0, np.inf)), "1 infinite values"),
    "missing": (FRAME.assign(y=np.nan), "missing in every row"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_panel_gets_its_diagnosis(case, tmp_path):
    frame, words = BAD[case]
    report = report_of(frame)
    assert report.stops and report.overall is None
    assert words in report.paragraph, report.paragraph
    assert (report.findings["remedy"].str.len() > 5).all()
    report.to_pdf(tmp_path / "study.pdf")
    assert (tmp_path / "study.pdf").read_bytes().startswith(b"%PDF")
    assert words.split()[0] in report.to_html()
    assert isinstance(report.summary(), str) and isinstance(repr(report), str)
    with pytest.raises(EstimationError, match="nothing was estimated"):
        report.plot()


def test_all_faults_are_found_at_once():
    frame = pd.concat([FRAME, FRAME.head(1)]).assign(first=lambda f: f["first"] + f["year"] % 2)
    text = report_of(frame).paragraph
    assert "repeat" in text and "differs within" in text


def test_notes_count_what_is_missing():
    frame = FRAME.drop(index=[3, 4]).reset_index(drop=True)
    frame.loc[10, "y"] = np.nan
    frame.loc[frame["unit"].eq(1), "first"] = 2000
    found = report_of(frame)
    said = " ".join(found.findings["what"])
    assert "1 of 142 rows lack a value" in said and "3 of 144 unit-periods are missing" in said
    assert "1 units are treated from the first period" in said and "12 clusters" in said
    assert found.coverage["units"].sum() == 141 and found.coverage["missing"].sum() == 1
    assert found.cohorts["rows"].sum() == 141


def test_raw_means_are_means():
    found = report_of(FRAME).raw_means
    row = found[found["cohort"].eq("2006") & found["time"].eq(2003)].iloc[0]
    own = FRAME[FRAME["first"].eq(2006) & FRAME["year"].eq(2003)]["y"]
    assert row["mean"] == pytest.approx(own.mean()) and row["units"] == len(own)


def test_dates_beside_years_count_by_their_year():
    dates = FRAME["first"].map({0: None, 2006: "2006-03-01", 2008: "2008-11-30"})
    dated, plain = report_of(FRAME.assign(first=dates)), report_of(FRAME)
    assert dated.overall.estimate[0] == plain.overall.estimate[0]
    assert "holds dates" in dated.findings["what"].iloc[0]


def test_dates_of_months_are_counted_with_a_frequency():
    months = FRAME.assign(
        year=pd.Timestamp("2000-01-01") + pd.to_timedelta((FRAME["year"] - 2000) * 31, unit="D"),
        first=FRAME["first"].map({0: None, 2006: "2000-07-05", 2008: "2000-09-30"}),
    )
    dated, plain = report_of(months, frequency="month"), report_of(FRAME)
    assert dated.overall.estimate[0] == pytest.approx(plain.overall.estimate[0], abs=1e-12)
    assert report_of(months.assign(first=pd.NaT)).stops


def test_without_never_treated_the_comparison_is_not_yet():
    report = report_of(panel(effect=1.0, cohorts=(2004, 2006, 2008)))
    assert report.control == "not_yet" and "none never do" in report.paragraph


def test_no_lead_says_so():
    report = report_of(panel(cohorts=(0, 2001, 2001)))
    assert report.leads is None and "could not be tested" in report.paragraph


def test_absent_columns_and_unknown_options_are_errors():
    with pytest.raises(ColumnError, match="no column"):
        staggered_report(FRAME, **{**KEYS, "outcome": "Y"})
    with pytest.raises(TypeError, match="did you mean outcome="):
        staggered_report(FRAME, yname="y", unit="unit", time="year", adopted="first")
    with pytest.raises(EstimationError, match="control must be one of"):
        report_of(FRAME, control="notyet")
    with pytest.raises(EstimationError, match="window must start"):
        report_of(FRAME, window=(0, 3))


def test_files_hold_the_paragraph_and_every_table(reports, tmp_path):
    from pypdf import PdfReader

    report = reports["rise"]
    page = report.to_html(tmp_path / "study.html")
    assert (tmp_path / "study.html").read_text("utf-8") == page
    assert "data:image/png" in page and "http" not in re.sub(r"data:image/png;base64,[^\"]*", "", page)
    for heading in report.tables():
        assert f"<h2>{heading}</h2>" in page
    report.to_pdf(tmp_path / "study.pdf")
    text = " ".join(part.extract_text() for part in PdfReader(tmp_path / "study.pdf").pages)
    flat = re.sub(r"\s+", " ", text)
    for heading in report.tables():
        assert heading in flat
    assert number(float(report.overall.estimate[0])) in flat
    assert len(report.plot().axes) == 4


def test_a_result_comes_back_from_its_file(reports, tmp_path):
    report = reports["fall"]
    report.save(tmp_path / "result.npz")
    again = StaggeredReport.load(tmp_path / "result.npz")
    assert again.paragraph == report.paragraph
    assert again.summary() == report.summary()
    assert again.glance().equals(report.glance())


@pytest.mark.parametrize(("value", "said"), [(-0.03951, "−0.0395"), (1234567.0, "1,230,000"), (0.0, "0")])
def test_numbers_have_three_digits(value, said):
    assert number(value) == said
