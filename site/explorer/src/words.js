// Words of the policy panels for readers.
export const CONTENT = {
  status_inquiry: "forbids asking about immigration status",
  detainers: "declines immigration detainers",
  both: "forbids asking about status and declines detainers",
  symbolic: "symbolic or other act",
};

export const DEFINITIONS = {
  any_limit: "Any limit",
  status_inquiry: "Status inquiries",
  detainers: "Detainers",
};

export const EFFECTS = {
  level_shift: "not comparable with earlier years",
  withheld: "not accepted or misreported",
  not_published: "not published",
  exceptional: "exceptional year",
  definition: "definition changes",
  incomplete: "incomplete",
  scope: "jurisdiction changes",
  inconsistent: "parts and total disagree",
};

export const OFFENSE_GROUPS = {
  all: "all offenses",
  violent: "violent crime",
  property: "property crime",
};

export const COUNTY_MARKS = {
  is_partly_imputed: "Reports cover less than the whole county; the file imputes the rest.",
  is_low_coverage: "Reports cover little of the county.",
  is_borough_share: "A share of New York City's single return.",
  is_illinois_before_2008: "Illinois agencies outside Chicago and Rockford did not report by the rules before 2008.",
};

export const SERIES = {
  nacjd: "county file with imputed counts, 2000–2012",
  kaplan: "another county file, rates alone, 2015 and 2017: levels cannot be compared with earlier years",
};

export const flags = (row) =>
  [
    row.is_upper_bound && "in force by this date, perhaps earlier",
    row.is_disputed && "disputed",
    row.is_unconfirmed && "vote or signature not seen",
    row.reaffirms_older && "reaffirms an older rule",
  ]
    .filter(Boolean)
    .join("; ");

export const host = (address) => {
  try {
    return new URL(address).hostname.replace(/^www\./, "");
  } catch {
    return address;
  }
};
