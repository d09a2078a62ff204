"""A statewide statute is dated by its act; listings, orders, directives and courts are none."""

import pandas as pd

from analysis.studies.synthetic.statutes import statutes


def row(state, basis, instrument, adopted, **changed):
    usual = {"kind": "state", "reach": "statewide", "content": "detainers", "confidence": "high"}
    return usual | {"state": state, "basis": basis, "instrument": instrument, "adopted": adopted} | changed


def test_only_statutes_count_and_the_first_one_dates():
    rows = pd.DataFrame(
        [
            row("CO", "listing", "all county sheriffs decline detainers", "2014-09-18"),
            row("CO", "state law", "state law HB19-1124", "2019-05-28"),
            row("CA", "state law", "TRUST Act", "2014-01"),
            row("CA", "state law", "SB 54", "2018-01-01"),
            row("NJ", "state law", "Attorney General Directive 2018-6", "2019-03-15"),
            row("MA", "court", "Lunn v. Commonwealth", "2017-07-24"),
            row("OR", "state law", "statute of 1987", "1987"),
            row("MN", "state law", "statute", "2015", reach="one county"),
            row("ME", "state law", "statute", "2016", confidence="low"),
        ]
    )
    assert statutes(rows, since=2014).to_dict() == {"CA": 2014, "CO": 2019}
