//! When a schedule is due: pure functions of what it says and the time.
//!
//! Patterns and what clocks that are put forward and back make of them are `croner`'s, by the rules of Vixie cron; time zones
//! are those of the IANA database that is in the program, so that all servers agree on them.

use croner::Cron;
use croner::errors::CronError;
use croner::parser::{CronParser, Seconds, Year};
use jiff::tz::TimeZone;
use kernel::{Error, Result, Timestamp};
use wire::schedules::{Missed, When};

/// An order that is given later than this after its time, in milliseconds, is late: its time was missed.
pub const LATE_MS: i64 = 60_000;
/// As many missed times are counted.
const COUNTED: i64 = 1_000;

/// What is due of a schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Due {
    /// The time for which the order is to be given now.
    pub give: Option<Timestamp>,
    /// The last of the times that were missed and for which none is given, and how many those were.
    pub missed: Option<(Timestamp, i64)>,
    /// The next time after now.
    pub next: Option<Timestamp>,
}

/// The first time of a schedule that is made, changed or resumed at `now`.
///
/// # Errors
/// `VALIDATION_ERROR` when the pattern or the time zone is none, or there is no time after `now`.
pub fn first(when: &When, now: Timestamp) -> Result<Timestamp> {
    next(when, now)?.ok_or_else(|| match when {
        When::Once { .. } => Error::field("when.at", "is over; give a time that is still to come"),
        When::Cron { .. } => Error::field("when.cron", "no clock will ever show that"),
    })
}

/// The first time after `after`.
///
/// # Errors
/// `VALIDATION_ERROR` when the pattern or the time zone is none.
pub fn next(when: &When, after: Timestamp) -> Result<Option<Timestamp>> {
    Times::of(when)?.after(after)
}

/// What is due at `now` of a schedule whose next time was `from`, which is not after `now` (S6).
///
/// # Errors
/// `VALIDATION_ERROR` when the pattern or the time zone is none.
pub fn due(when: &When, policy: Missed, from: Timestamp, now: Timestamp) -> Result<Due> {
    let times = Times::of(when)?;
    let (mut last, mut before, mut passed) = (from, None, 1);
    while passed < COUNTED
        && let Some(later) = times.after(last)?.filter(|later| *later <= now)
    {
        (before, last) = (Some(last), later);
        passed += 1;
    }
    let late = now.since(last) > LATE_MS;
    let (give, missed) = match policy {
        Missed::Skip if late => (None, Some((last, passed))),
        Missed::Skip | Missed::Run => (Some(last), before.map(|before| (before, passed - 1))),
    };
    Ok(Due { give, missed, next: times.after(now)? })
}

/// What a schedule says, as it is computed with.
enum Times {
    Once(Timestamp),
    Cron(Box<Cron>, TimeZone),
}

impl Times {
    fn of(when: &When) -> Result<Self> {
        let (cron, time_zone) = match when {
            When::Once { at } => return Ok(Self::Once(*at)),
            When::Cron { cron, time_zone } => (cron, time_zone),
        };
        let zone = TimeZone::get(time_zone).map_err(|_| {
            Error::field("when.timeZone", "must be a name of the IANA database, such as Europe/Berlin")
        })?;
        // No seconds and no years: five fields, and nothing more often than once a minute.
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(cron).map_err(|_| Error::field("when.cron", refusal(&parser, cron)))?;
        Ok(Self::Cron(Box::new(cron), zone))
    }

    fn after(&self, after: Timestamp) -> Result<Option<Timestamp>> {
        let (cron, zone) = match self {
            Self::Once(at) => return Ok((*at > after).then_some(*at)),
            Self::Cron(cron, zone) => (cron, zone),
        };
        let after = jiff::Timestamp::from_millisecond(after.0).map_err(Error::internal)?;
        match cron.find_next_occurrence(&after.to_zoned(zone.clone()), false) {
            Ok(next) => Ok(Some(Timestamp(next.timestamp().as_millisecond()))),
            Err(CronError::TimeSearchLimitExceeded | CronError::InvalidDate | CronError::InvalidTime) => {
                Ok(None)
            }
            Err(error) => Err(Error::internal(error.to_string())),
        }
    }
}

/// The fields of a pattern, and what each may hold.
const FIELDS: [(&str, &str); 5] = [
    ("minute", "minutes are 0 to 59"),
    ("hour", "hours are 0 to 23"),
    ("day of the month", "days are 1 to 31, or L for the last"),
    ("month", "months are 1 to 12, or jan to dec"),
    ("day of the week", "days are 0 to 7, where 0 and 7 are Sunday, or sun to sat"),
];

/// Why a pattern cannot be used, in words that say where.
fn refusal(parser: &CronParser, pattern: &str) -> String {
    let fields: Vec<&str> = pattern.split_whitespace().collect();
    let names = "minute, hour, day of the month, month and day of the week, as in `30 9 * * mon-fri`";
    if fields.len() != FIELDS.len() {
        return format!("must have five fields: {names}. It has {}", fields.len());
    }
    // Each by itself among fields that allow everything: the first that is refused is the one to name.
    let wrong = (0..FIELDS.len()).find(|at| {
        let mut alone = ["*"; FIELDS.len()];
        alone[*at] = fields[*at];
        parser.parse(&alone.join(" ")).is_err()
    });
    match wrong.map(|at| (fields[at], FIELDS[at])) {
        Some((field, (name, holds))) => format!(
            "has `{field}` as its {name}, which cannot be read: {holds}; lists (1,15), ranges (1-5), steps (*/10) and * are \
             allowed"
        ),
        None => format!("cannot be read; its fields are {names}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000;

    fn cron(pattern: &str, zone: &str) -> When {
        When::Cron { cron: pattern.into(), time_zone: zone.into() }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// The next times, as UTC tells them, without the seconds.
    fn times(pattern: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (when, mut last) = (cron(pattern, zone), at(from));
        let mut all = Vec::new();
        for _ in 0..count {
            last = next(&when, last).unwrap().unwrap();
            all.push(last.to_rfc3339()[..16].to_owned());
        }
        all
    }

    #[test]
    fn a_pattern_that_cannot_be_read_is_refused_in_words_that_say_where() {
        for (pattern, why) in [
            ("", "must have five fields: minute, hour"),
            ("0 9 * *", "It has 4"),
            ("0 0 9 * * *", "It has 6"),
            ("60 9 * * *", "`60` as its minute, which cannot be read: minutes are 0 to 59"),
            ("0 25 * * *", "`25` as its hour"),
            ("0 9 32 * *", "`32` as its day of the month"),
            ("0 9 * 13 *", "`13` as its month"),
            ("0 9 * * mon-fryday", "`mon-fryday` as its day of the week"),
            ("0 9 * * 8", "days are 0 to 7"),
            ("5-1 9 * * *", "`5-1` as its minute"),
            ("*/0 9 * * *", "`*/0` as its minute"),
        ] {
            let refused = first(&cron(pattern, "UTC"), at("2026-11-21T10:00:00Z")).unwrap_err();
            let details = refused.details().unwrap();
            assert_eq!(details["field"], "when.cron", "{pattern}");
            let told = refused.message();
            assert!(told.contains(why), "{pattern}: {told}");
            assert!(!told.contains("CronPattern") && !told.contains("Position"), "{pattern}: {told}");
        }
    }

    #[test]
    fn s1_a_time_is_that_of_its_zone() {
        assert_eq!(
            times("30 9 * * mon-fri", "Europe/Berlin", "2026-11-20T08:30:00Z", 2),
            ["2026-11-23T08:30", "2026-11-24T08:30"]
        );
        assert_eq!(times("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", 1), ["2028-02-29T00:00"]);
    }

    #[test]
    fn s2_a_time_of_the_day_that_is_left_out_is_when_the_clocks_go_on() {
        // Berlin's clocks go from 02:00 to 03:00 at 01:00 UTC.
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00:00Z", 2),
            ["2026-03-29T01:00", "2026-03-30T00:30"]
        );
        assert_eq!(
            times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:15:00Z", 3),
            ["2026-03-29T00:30", "2026-03-29T01:00", "2026-03-29T01:30"]
        );
    }

    #[test]
    fn s3_a_time_of_the_day_that_comes_twice_is_the_first_and_steps_go_on_in_both() {
        // Berlin's clocks go from 03:00 to 02:00 at 01:00 UTC.
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30", "2026-10-26T01:30"]
        );
        assert_eq!(
            times("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:15:00Z", 4),
            ["2026-10-25T00:30", "2026-10-25T01:00", "2026-10-25T01:30", "2026-10-25T02:00"]
        );
    }

    #[test]
    fn s9_what_makes_no_sense_is_refused_by_its_field() {
        let now = at("2026-11-21T12:00:00Z");
        for (when, field) in [
            (cron("0 9 * * *", "Europe/Atlantis"), "when.timeZone"),
            (cron("0 9 * *", "UTC"), "when.cron"),
            (cron("* * * * * *", "UTC"), "when.cron"),
            (cron("61 9 * * *", "UTC"), "when.cron"),
            (cron("0 0 30 2 *", "UTC"), "when.cron"),
            (cron("", "UTC"), "when.cron"),
            (When::Once { at: now }, "when.at"),
        ] {
            let error = first(&when, now).unwrap_err();
            assert_eq!(error.details().unwrap()["field"], field, "{when:?}: {error}");
        }
    }

    #[test]
    fn s6_more_missed_times_than_are_counted_are_one_run_all_the_same() {
        let (when, from) = (cron("* * * * *", "UTC"), at("2026-01-01T00:00:00Z"));
        let now = from.plus_millis(5_000 * MINUTE);
        let due = due(&when, Missed::Run, from, now).unwrap();
        assert_eq!(due.missed.unwrap().1, COUNTED - 1);
        assert_eq!(due.next, Some(now.plus_millis(MINUTE)));
    }

    /// Zones with clocks that are put forward and back by an hour, by half an hour, and never.
    const ZONES: [&str; 6] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/St_Johns",
    ];

    prop_compose! {
        fn pattern()(
            minute in prop_oneof![Just(String::from("*")), Just(String::from("*/7")), (0..60u8).prop_map(|n| n.to_string())],
            hour in prop_oneof![Just(String::from("*")), Just(String::from("*/5")), (0..24u8).prop_map(|n| n.to_string())],
            day in prop_oneof![4 => Just(String::from("*")), 1 => (1..29u8).prop_map(|n| n.to_string())],
            weekday in prop_oneof![4 => Just(String::from("*")), 1 => (0..7u8).prop_map(|n| n.to_string())],
        ) -> String {
            format!("{minute} {hour} {day} * {weekday}")
        }
    }

    proptest! {
        #[test]
        fn s1_times_go_forward_and_none_lies_between_two(
            pattern in pattern(),
            zone in proptest::sample::select(&ZONES[..]),
            from in 1_700_000_000_000..1_900_000_000_000i64,
            within in 0..100i64,
        ) {
            let when = cron(&pattern, zone);
            let from = Timestamp(from);
            let one = next(&when, from).unwrap().unwrap();
            prop_assert!(one > from);
            prop_assert_eq!(one.0 % MINUTE, 0);
            // From anywhere on the way there, the next time is the same.
            let between = from.plus_millis((one.since(from) - 1) * within / 100);
            prop_assert_eq!(next(&when, between).unwrap(), Some(one));
        }

        #[test]
        fn s1_in_a_zone_whose_clocks_stand_a_time_is_what_its_pattern_says(
            minute in 0..60i64, hour in 0..24i64, from in 1_700_000_000_000..1_900_000_000_000i64,
        ) {
            let one = next(&cron(&format!("{minute} {hour} * * *"), "UTC"), Timestamp(from)).unwrap().unwrap();
            prop_assert_eq!(one.0 / MINUTE % (24 * 60), hour * 60 + minute);
            prop_assert!(one.since(Timestamp(from)) <= 24 * 60 * MINUTE);
        }

        #[test]
        fn s6_each_time_is_given_or_missed_and_none_is_both(
            pattern in pattern(), zone in proptest::sample::select(&ZONES[..]), skip: bool,
            from in 1_700_000_000_000..1_900_000_000_000i64, away in 0..3 * 24 * 60 * MINUTE,
        ) {
            let (when, policy) = (cron(&pattern, zone), if skip { Missed::Skip } else { Missed::Run });
            let from = next(&when, Timestamp(from)).unwrap().unwrap();
            let now = from.plus_millis(away);
            let due = due(&when, policy, from, now).unwrap();
            let (mut passed, mut one) = (Vec::new(), Some(from));
            while let Some(time) = one.filter(|time| *time <= now && passed.len() < COUNTED as usize) {
                passed.push(time);
                one = next(&when, time).unwrap();
            }
            let last = *passed.last().unwrap();
            prop_assert_eq!(due.give, (!skip || now.since(last) <= LATE_MS).then_some(last));
            let missed = due.missed.map_or(0, |(_, times)| times);
            prop_assert_eq!(missed as usize + usize::from(due.give.is_some()), passed.len());
            prop_assert!(due.missed.is_none_or(|(last, _)| Some(last) != due.give));
            prop_assert!(due.next.is_none_or(|next| next > now));
        }

        #[test]
        fn no_pattern_makes_it_panic_or_take_long(pattern in "[0-9*/,a-zA-Z#L? -]{0,100}") {
            let begun = std::time::Instant::now();
            let _ = first(&cron(&pattern, "Europe/Berlin"), Timestamp(1_800_000_000_000));
            prop_assert!(begun.elapsed() < std::time::Duration::from_secs(2), "{pattern}");
        }
    }
}
