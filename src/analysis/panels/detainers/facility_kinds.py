"""What kind of place a detainer went to, told by the facility's name: a local jail or another."""

from __future__ import annotations

import re

#: Kinds of facility. The first three are a county's or a city's own; a local policy can bind no other.
LOCAL = ("jail", "police", "court")
KINDS = (*LOCAL, "state", "federal", "immigration", "juvenile", "contract", "other", "unclear", "none")

# The first rule that matches decides. State and federal marks stand before the marks of a county, because a
# federal prison may be named after one; a county's mark before the general word for a state prison.
_RULES = [
    ("none", r"^$|OTHER-OTHER FACILITY"),
    ("jail", r"SHERIFF|SHERRIF|SHERIF\b"),
    ("federal", r"\bU\.?\s?S\.? ?MARSHAL|MARSHALS?\b|\bUSMS?\b|U\.S\.M|US MARSH"),
    ("federal", r"\bFED\b|\bFED\.|FEDERAL|\bF\.?C\.?[IC]\.?\b|\bFMC\b|\bFDC\b|\bFPC\b|\bFTC\b|\bU\.?S\.?P\b"),
    (
        "federal",
        r"U\.?S\.? ?PEN|\bMDC\b|NEW YORK MCC|SAN DIEGO MCC|CHICAGO MCC|MET\.?\s?DET\.? ?CTR|\bMCFP\b",
    ),
    (
        "federal",
        r"BUREAU OF PRISONS|\bBOP\b|USDB|MILITARY|NAVAL|BRIG\b|FORT SILL|ARMY|AIR FORCE|MARINE CORPS",
    ),
    ("contract", r"^BSCC\b|^CI [A-Z]|\bCCA\b|CORR\. ?CORP|GREAT PLAINS CORR|RIVERS (CORR|FED)|D\. RAY JAMES"),
    (
        "contract",
        r"MOSHANNON|MCRAE CORR|REEVES|DALBY CORR|NORTHEAST OHIO CORR|ADAMS COUNTY CORRECTIONAL CENT",
    ),
    (
        "contract",
        r"CALIFORNIA CITY COR|CIBOLA|\bGEO\b|EDEN DET|WILLACY COUNTY (CORR|REG|STATE)|LEAVENWORTH DET",
    ),
    ("juvenile", r"\bJUV|YOUTH|JUVEN|\bY\.?T\.?[SH]\b|BOYS|GIRLS|CHILDREN|SHELTER|\bYA\b|SOUTHWEST KEY|TEEN"),
    (
        "immigration",
        r"HOLD ?-?ROOM|\bHOLD$|\bSPC\b|\bDRO\b|\bERO\b|\bICE\b|\bINS\b|STAGING|DIST(RICT)? OFFICE",
    ),
    (
        "immigration",
        r"SUB-?OFFICE|CUST(ODY)? CASE|PROCESSING|CONTRACT DET|BORDER PATROL|\bBPS?\b|PORT OF ENTRY",
    ),
    (
        "immigration",
        r"FIELD OFF|IMMIGRA|\bCDF\b|ADELANTO|HOLDING FAC.*ICE|KROME|INSPECTION|\bOFFICE$|HOLD RM",
    ),
    (
        "other",
        r"HOSP|MEDICAL CENTER$|HEALTH|\bINN\b|INNS\b|HOTEL|MOTEL|PROBATION|PAROLE|REHAB|HALFWAY|TREATMENT",
    ),
    ("police", r"COUNTY POLICE|\bCO\.? POLICE"),
    ("jail", r"COUNT?Y?Y?\b|\bCO\. ?|\bCO (?!.*DOC)|\bCNTY?\b|\bCTY\b|PARISH|\bPAR\b"),
    ("state", r"\bD\.?O\.?C\.?\b|DEP.{0,12} (OF )?(\w+ )?CORR|\bDCJ\b|\bTDCJ?\b|DIV\.? OF CORR|BD OF CORR"),
    (
        "state",
        r"STATE (P\b|P\.|PR|PEN|CORR|JAIL)|ST\.? PRISON|STATE PRI|PENIT|PRISON|REFORMATORY|\bASPC\b|\bCSP\b",
    ),
    (
        "state",
        r"\bSCI\b|\bMCI\b|^CCI\b|\bCTF\b|^CCF\b|\bCDC\b|\bNCCI\b|\bTRANSFER (UNIT|FAC)|COLONY|VOCATIONAL",
    ),
    (
        "state",
        r"\bC\.?F\.?,|\bC\.?F\.?$|\bC\.F\. |\bCF,? |RECEP|\bREC\.? ?(&|DIAG|CTR|CENTER)|DIAGNOST|CLASSIF",
    ),
    (
        "state",
        r"CALIF\. |OFFENDER INF|COMP\b.*SENT|\bSTATE POLICE|HIGHWAY PATROL|STATE PATROL|\bUNIT$|SENTENC",
    ),
    ("court", r"COURT|MAGIST|CENTRAL BOOKING|BOOKING"),
    (
        "police",
        r"POL\.? ?DEP|POLICE|\bP\.?D\.?\b|PUBLIC SAFETY|POL\. DEPT|CITY JAIL|CITY (OF )?.*(DET|LOCKUP)",
    ),
    ("jail", r"SHERIFF|SHERIF|SHERRIF|\bS\.?O\.?\b|\b[A-Z]{1,2}CSO\b|\bM?CSO\b|JAIL|GAOL|LOCK-?UP|\bHOC\b"),
    (
        "jail",
        r"HOUSE OF CORR|\bADC\b|RIKERS|DETENT|DET(ENTION|\.)? ?/?(CTR|CENTER|CENTR|CNTR|FAC|CT\b|CEN)|DETENTION",
    ),
    ("jail", r"\bCO\b|\bREG(IONAL|\.)? |R\.R\.J|JUSTICE C"),
    (
        "jail",
        r"LAW ENF|L\.?E\.? CENTER|\bLEC\b|CITY CENTRAL|CUSTODY|INTAKE|PRETRIAL|PRE-TRIAL|WORK (RELEASE|FARM)",
    ),
    (
        "state",
        r"CORR|\bCOR\.? |\bC\.? ?C\.?\b|\bS\.C\.I\b|\bADOC\b|\bC\.?I\.?$|\bINST|\bCAMP\b|FACILITY|PRE-?RELEASE",
    ),
]
_COMPILED = [(kind, re.compile(pattern)) for kind, pattern in _RULES]


def facility_kind(name: str) -> str:
    """Return the kind of a facility, one of `KINDS`, from its name alone.

    Parameters
    ----------
    name : str
        As ICE prints it, in capitals.

    Examples
    --------
    >>> facility_kind("BUCKS CNTY JAIL, PA"), facility_kind("TAFT FED.CORR.INST.")
    ('jail', 'federal')
    """
    for kind, pattern in _COMPILED:
        if pattern.search(name.upper()):
            return kind
    return "unclear"
