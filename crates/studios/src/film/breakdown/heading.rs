//! What a scene heading says: inside or outside, where, in which part of it, and at what time of day.

use crate::film::screenplay::heading_prefix;

/// What a heading says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Setting {
    /// `INT`, `EXT` or `INT/EXT`.
    pub(super) int_ext: Option<&'static str>,
    /// The place as written: `HARBOUR`.
    pub(super) location: Option<String>,
    /// The part of the place: `PIER`.
    pub(super) area: Option<String>,
    /// The time as written: `LATER THAT NIGHT`.
    pub(super) time: Option<String>,
    /// The time of day, where the words say one.
    pub(super) time_of_day: Option<&'static str>,
}

/// Words of a heading that name a time of day.
const DAYPARTS: &[(&str, &[&str])] = &[
    ("dawn", &["DAWN", "SUNRISE", "DAYBREAK", "SUNUP", "PREDAWN"]),
    ("morning", &["MORNING"]),
    ("afternoon", &["AFTERNOON"]),
    ("dusk", &["DUSK", "SUNSET", "TWILIGHT", "SUNDOWN"]),
    ("evening", &["EVENING"]),
    ("night", &["NIGHT", "MIDNIGHT", "NIGHTTIME"]),
    ("day", &["DAY", "DAYTIME", "NOON", "MIDDAY", "DAYLIGHT"]),
];

/// Words that, alone or beside a time of day, make a part of a heading a time.
const TIME_WORDS: &[&str] = &[
    "CONTINUOUS",
    "CONT",
    "CONT'D",
    "LATER",
    "SAME",
    "MOMENTS",
    "MOMENT",
    "MINUTES",
    "HOURS",
    "DAYS",
    "WEEKS",
    "MONTHS",
    "YEARS",
    "SECONDS",
    "EARLY",
    "EARLIER",
    "LATE",
    "PRE",
    "THAT",
    "THE",
    "NEXT",
    "A",
    "AN",
    "FEW",
    "TIME",
    "MAGIC",
    "HOUR",
    "AM",
    "PM",
    "O'CLOCK",
    "FLASHBACK",
    "DREAM",
    "PRESENT",
    "PAST",
    "ESTABLISHING",
    "INTERCUT",
    "MONDAY",
    "TUESDAY",
    "WEDNESDAY",
    "THURSDAY",
    "FRIDAY",
    "SATURDAY",
    "SUNDAY",
    "BEFORE",
    "AFTER",
    "FOLLOWING",
    "ONE",
    "TWO",
    "THREE",
    "MID",
    "AND",
    "STORMY",
    "RAINY",
];

/// Reads a heading, as it stands without its number and marks.
pub(super) fn read(heading: &str) -> Setting {
    let heading = heading.trim();
    let length = heading_prefix(heading);
    let int_ext = length.and_then(|length| heading.get(..length)).map(|prefix| {
        if prefix.contains('/') {
            "INT/EXT"
        } else if prefix.to_ascii_uppercase().starts_with('I') {
            "INT"
        } else {
            "EXT"
        }
    });
    let rest = length.and_then(|length| heading.get(length..)).unwrap_or(heading);
    let rest = without_parentheses(rest.trim_start_matches(['.', ' ', '/']));
    let mut parts = split_at_dashes(&rest);
    let mut setting = Setting { int_ext, ..Setting::default() };
    // The first part is the place, even if it is called "Sunset".
    while parts.len() > 1 && parts.last().is_some_and(|last| is_time(last)) {
        let Some(part) = parts.pop() else { break };
        setting.time_of_day = setting.time_of_day.or_else(|| daypart(&part));
        setting.time = Some(match setting.time.take() {
            Some(later) => format!("{part} - {later}"),
            None => part,
        });
    }
    // A heading that neither begins like one nor ends with a time (`.SNIPER'S POV`) names no place.
    if setting.int_ext.is_some() || setting.time.is_some() {
        let mut parts = parts.into_iter();
        setting.location = parts.next();
        let areas: Vec<String> = parts.collect();
        setting.area = (!areas.is_empty()).then(|| areas.join(" - "));
    }
    setting
}

/// The text without what stands in parentheses: `(FLASHBACK)`, `(1987)`.
fn without_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

/// Parts between dashes that have a space at one side at least; a hyphen within a word divides nothing.
fn split_at_dashes(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let space = |at: Option<&char>| at.is_none_or(|c| c.is_whitespace() || is_dash(*c));
    let mut parts = vec![String::new()];
    for (at, c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        if is_dash(*c) && (space(before) || space(chars.get(at + 1))) {
            parts.push(String::new());
        } else if let Some(part) = parts.last_mut() {
            part.push(*c);
        }
    }
    let tidy = |part: String| {
        let words = part.split_whitespace().collect::<Vec<_>>().join(" ");
        words.trim_matches([',', ';', ':', '/', ' ']).trim_end_matches('.').to_owned()
    };
    parts.into_iter().map(tidy).filter(|part| !part.is_empty()).collect()
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '–' | '—' | '‒')
}

fn time_words(part: &str) -> Vec<String> {
    let upper = part.to_uppercase().replace(['.', '’'], "").replace("A M", "AM").replace("P M", "PM");
    upper
        .split(|c: char| !(c.is_alphanumeric() || c == '\''))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn is_time(part: &str) -> bool {
    let words = time_words(part);
    let is_daypart = |word: &str| DAYPARTS.iter().any(|(_, words)| words.contains(&word));
    let is_number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    words.iter().any(|word| !is_number(word) && !matches!(word.as_str(), "A" | "AN" | "THE" | "AND"))
        && words.iter().all(|word| is_daypart(word) || TIME_WORDS.contains(&word.as_str()) || is_number(word))
}

fn daypart(part: &str) -> Option<&'static str> {
    let words = time_words(part);
    let named = DAYPARTS.iter().find(|(_, names)| words.iter().any(|word| names.contains(&word.as_str())));
    named
        .map(|(daypart, _)| *daypart)
        .or_else(|| part.to_uppercase().contains("MAGIC HOUR").then_some("dusk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(heading: &str) -> (Option<&str>, String, String, Option<&str>) {
        let s = read(heading);
        (s.int_ext, s.location.unwrap_or_default(), s.area.unwrap_or_default(), s.time_of_day)
    }

    #[test]
    fn a_heading_says_inside_or_outside_where_and_when() {
        assert_eq!(
            parts("INT. HARBOUR OFFICE - NIGHT"),
            (Some("INT"), "HARBOUR OFFICE".into(), String::new(), Some("night"))
        );
        assert_eq!(
            parts("EXT. FERRY – UPPER DECK — LATER THAT NIGHT (FLASHBACK)"),
            (Some("EXT"), "FERRY".into(), "UPPER DECK".into(), Some("night"))
        );
        assert_eq!(parts("I/E CAR - MOMENTS LATER"), (Some("INT/EXT"), "CAR".into(), String::new(), None));
        assert_eq!(
            parts("int./ext. jack-o'-lantern shop -- dawn"),
            (Some("INT/EXT"), "jack-o'-lantern shop".into(), String::new(), Some("dawn"))
        );
    }

    #[test]
    fn a_place_that_has_a_time_in_its_name_stays_a_place() {
        assert_eq!(
            parts("INT. LATE NIGHT DINER - KITCHEN - DAY"),
            (Some("INT"), "LATE NIGHT DINER".into(), "KITCHEN".into(), Some("day"))
        );
        assert_eq!(parts("EXT. SUNSET"), (Some("EXT"), "SUNSET".into(), String::new(), None));
    }

    #[test]
    fn a_heading_that_is_none_names_no_place() {
        assert_eq!(read("SNIPER SCOPE POV"), Setting::default());
        assert_eq!(parts("THE HARBOUR - NIGHT").1, "THE HARBOUR");
    }
}
