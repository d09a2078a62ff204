"""The tables of published claims and the committing of verdicts."""

from __future__ import annotations

import math

import pytest

from analysis.errors import DuplicateKeyError, ImpossibleValueError, LayoutError
from analysis.studies.published import claims as module
from analysis.studies.published.claims import (
    KINDS,
    PAPERS,
    TABLES,
    Claim,
    Finding,
    claims,
    collect,
    compare,
)
from analysis.studies.published.verdicts import (
    VerdictMovedError,
    accept,
    check_verdicts,
    committed,
    moved,
    tally,
)

HEADLINES = {
    "cap_crime": ("-35.5", "per 10,000 residents"),
    "cap_crime_large_central_metro": ("-65.4", "per 10,000 residents"),
    "cap_income": ("4,353", "US dollars a year"),
    "cap_poverty": ("-2.3", "percentage points"),
    "cap_unemployment": ("-1.1", "percentage points"),
    "cap_children_public_assistance": ("-4.9", "percentage points"),
    "uar_cities": ("55", "cities"),
    "uar_cities_without_dc": ("54", "cities"),
}


def test_both_papers_are_there():
    found = claims()
    assert {c.study for c in found.values()} == set(PAPERS)
    assert {name: (found[name].printed, found[name].unit) for name in HEADLINES} == HEADLINES
    assert found["uar_matched_rape"].kind == "indistinguishable"
    assert found["uar_violent_sign"].kind == "positive"


@pytest.mark.parametrize("table", [*PAPERS, "other_studies"])
def test_every_claim_says_where_it_was_read(table):
    found = claims(table)
    assert found
    for claim in found.values():
        assert claim.citation and claim.source and claim.how_read and claim.unit and claim.quantity
        assert claim.kind in KINDS
        assert (claim.figure is not None) == (claim.kind in {"number", "at_least"})


def test_claims_of_other_studies_have_a_reason_or_wait_for_a_finding():
    found = claims("other_studies")
    assert len(found) == 236
    reasons = {claim.untested_because for claim in found.values()}
    assert "" in reasons and all(reason == "" or reason.endswith(".") for reason in reasons)
    assert found["manning2022_violent"].printed == "-17.9"
    assert found["arellano2017_total_dd2_2"].printed == ".0257"


def test_the_names_are_unique_across_tables():
    assert len(claims(*PAPERS, "other_studies")) == 31 + 236


def test_untested_claims_give_the_table_s_reason():
    verdicts = compare(claims(), {}).set_index("claim")
    graded = verdicts[[not claim.describes for claim in claims().values()]]
    assert set(graded["verdict"]) == {"untested"}
    assert "St. Louis" in verdicts.loc["uar_prepost_st_louis", "note"]


def finding(name="cap_crime", estimate=-30.0, low=-40.0, high=-20.0, unit="per 10,000 residents", note=""):
    return Finding(name, estimate, low, high, unit, note)


def test_findings_must_name_a_claim_in_its_unit():
    with pytest.raises(LayoutError, match="No claim 'cap_crimes'"):
        compare(claims(), {"cap_crimes": finding("cap_crimes")})
    with pytest.raises(LayoutError, match="cap_income"):
        compare(claims(), {"cap_income": finding()})
    with pytest.raises(LayoutError, match=r"per 100,000.*per 10,000"):
        compare(claims(), {"cap_crime": finding(unit="per 100,000 residents")})


def test_an_interval_holds_its_estimate():
    with pytest.raises(ImpossibleValueError, match="does not hold"):
        finding(low=-25.0)
    assert math.isnan(Finding("c", 1.0).conf_low)


def test_no_claim_has_two_findings():
    assert list(collect([finding()], {"cap_income": finding("cap_income")})) == ["cap_crime", "cap_income"]
    with pytest.raises(DuplicateKeyError, match="cap_crime"):
        collect([finding()], [finding()])


def test_the_tally_adds_up():
    verdicts = compare(claims(), {"cap_crime": finding()})
    table = tally(verdicts).set_index("study")
    assert table.loc["cap2017"].to_dict() == {
        "agrees": 0,
        "consistent": 1,
        "not contradicted": 0,
        "differs": 0,
        "untested": 10,
        "not graded": 1,
        "claims": 12,
        "graded": 1,
    }
    assert table["claims"].sum() == len(claims())


def told(**findings):
    names = {"crime": "cap_crime", "income": "cap_income"}
    units = {"crime": "per 10,000 residents", "income": "US dollars a year"}
    made = {names[k]: Finding(names[k], *v, units[k], "a reason") for k, v in findings.items()}
    verdicts = compare(claims(), made)
    return verdicts.assign(note=verdicts["note"].where(verdicts["note"] != "", "not run"))


def test_accepted_verdicts_hold(tmp_path):
    place = accept(told(crime=(-30.0, -40.0, -20.0)), tmp_path / "verdicts.csv")
    assert (
        place.read_bytes() == accept(told(crime=(-29.0, -41.0, -20.0)), tmp_path / "again.csv").read_bytes()
    )
    assert "cap_crime,cap2017,consistent,a reason" in place.read_text()


@pytest.mark.parametrize(
    ("now", "direction"),
    [((-35.5, -40.0, -20.0), "consistent -> agrees"), ((-30.0, -31.0, -29.0), "consistent -> differs")],
)
def test_a_verdict_that_moves_either_way_is_an_error(now, direction):
    before, after = told(crime=(-30.0, -40.0, -20.0)), told(crime=now)
    assert len(moved(before, before)) == 0
    with pytest.raises(VerdictMovedError, match=f"cap_crime: {direction}"):
        check_verdicts(after, before)


def test_a_claim_that_comes_or_goes_is_an_error():
    before = told()
    with pytest.raises(VerdictMovedError, match="cap_crime: untested -> nan"):
        check_verdicts(before[before["claim"] != "cap_crime"], before)
    with pytest.raises(VerdictMovedError, match="cap_crime: nan -> untested"):
        check_verdicts(before, before[before["claim"] != "cap_crime"])


def test_a_study_is_accepted_without_the_others(tmp_path):
    path = tmp_path / "verdicts.csv"
    accept(committed(), path)
    before = path.read_text("utf-8")
    own = committed()
    own = own[own["study"] == PAPERS[0]].assign(verdict="agrees", note="once more")
    accept(own, path)
    lines = path.read_text("utf-8").splitlines()
    others = [line for line in before.splitlines() if f",{PAPERS[0]}," not in line]
    assert [line for line in lines if f",{PAPERS[0]}," not in line] == others
    assert sum(line.endswith("agrees,once more") for line in lines) == len(own)
    assert len(lines) == len(before.splitlines())


def test_silence_is_not_accepted(tmp_path):
    with pytest.raises(LayoutError, match="no note says why"):
        accept(compare(claims(), {}), tmp_path / "verdicts.csv")
    assert not (tmp_path / "verdicts.csv").exists()


def test_the_committed_verdicts_cover_every_claim():
    kept = committed()
    assert kept["claim"].tolist() == list(claims(*TABLES))
    unexplained = kept["verdict"].isin(["differs", "untested"]) & kept["note"].eq("")
    assert not unexplained.any()


def one(kind, unit="per 100,000 residents", exhibit="e", name="c"):
    return Claim(name, "s", exhibit, "q", kind, "", "", unit, "x", "x", "x", "")


def held(kind, low, high, mean=400.0, **changed):
    claim = one(kind, **changed)
    return module.verdict(claim, Finding(claim.claim, (low + high) / 2, low, high, claim.unit, "", mean))


def test_no_discernible_difference_agrees_only_where_an_equivalence_margin_is_met():
    assert held("indistinguishable", -15, 15) == "agrees"
    assert held("indistinguishable", -60, 60) == "not contradicted"
    assert held("indistinguishable", 1, 60) == "differs"
    assert held("indistinguishable", -15, 15, mean=math.nan) == "not contradicted"


def test_above_zero_and_no_difference_cannot_both_agree_on_one_interval():
    for low, high in [(-37, 421), (-3, 12), (1, 15), (-500, -2), (0.5, 8)]:
        kinds = [held(kind, low, high) for kind in ("positive", "indistinguishable")]
        assert kinds.count("agrees") < 2 or low > 0


def test_a_sign_whose_interval_includes_zero_is_consistent_and_no_more():
    assert [held("positive", low, high) for low, high in [(-37, 421), (2, 4), (-4, -2)]] == [
        "consistent",
        "agrees",
        "differs",
    ]
    assert held("negative", -421, 37) == "consistent"


def test_sizes_errors_and_means_are_never_graded():
    assert held("positive", 1, 2, unit="cities") == "not graded"
    assert held("positive", 1, 2, exhibit="balance") == "not graded"
    assert held("positive", 1, 2, exhibit="sample") == "not graded"
    assert held("positive", 1, 2, name="arellano2017_total_dd2_2_se") == "not graded"
    assert claims()["cap_year"].describes and claims()["uar_cities"].describes
    assert not claims()["uar_matched_violent"].describes


def test_power_for_the_margin_is_that_of_the_interval():
    found = Finding("c", 0.0, -1.96, 1.96, "u", "", 2.8016 / 0.05)
    assert found.power == pytest.approx(0.8, abs=1e-3)
    assert Finding("c", 0.0, -0.05, 0.05, "log points").margin == 0.05


def test_a_change_across_two_files_judges_no_claim():
    found = claims("other_studies")
    assert found["ascherio2022_violent"].untested_because
    assert found["ascherio2022_property"].untested_because


SPOILT = [
    ("c,s,e,q,guess,1,,u,x,x,x,", LayoutError, "row 2"),
    ("c,s,e,q,number,,,u,x,x,x,", LayoutError, "row 2"),
    ("c,s,e,q,positive,1,,u,x,x,x,", LayoutError, "row 2"),
    ("c,s,e,q,number,five,,u,x,x,x,", ImpossibleValueError, "row 2"),
]


@pytest.mark.parametrize(("line", "error", "where"), SPOILT)
def test_spoilt_tables_are_refused(tmp_path, monkeypatch, line, error, where):
    header = ",".join(module._COLUMNS)
    (tmp_path / "spoilt.csv").write_text(f"{header}\n{line}\n")
    monkeypatch.setattr(module, "files", lambda package: tmp_path)
    with pytest.raises(error, match=where):
        claims("spoilt")


def test_a_table_with_other_columns_is_refused(tmp_path, monkeypatch):
    (tmp_path / "other.csv").write_text("claim,printed\nc,5\n")
    monkeypatch.setattr(module, "files", lambda package: tmp_path)
    with pytest.raises(LayoutError, match=r"published/other\.csv"):
        claims("other")
