//! Hours of the week on the wall clock of an IANA time zone. A span whose end lies before its
//! beginning goes past midnight and belongs to the day on which it begins.

use jiff::{civil::Weekday, tz::TimeZone};
use procura_model::{Day, Schedule, Time};

const DAY_MINUTES: u16 = 24 * 60;

/// A schedule that can be asked.
#[derive(Clone, Debug)]
pub(crate) struct Hours {
    days: [bool; 7],
    from: u16,
    to: u16,
    zone: TimeZone,
}

impl Hours {
    /// Compiles a schedule; the error names the field and says what it must be.
    pub(crate) fn compile(schedule: &Schedule) -> Result<Self, &'static str> {
        if schedule.days.is_empty() {
            return Err("schedule.days must name at least one day");
        }
        let from = minute(&schedule.from)
            .filter(|minute| *minute < DAY_MINUTES)
            .ok_or("schedule.from must be a time of day from 00:00 to 23:59")?;
        let to = minute(&schedule.to).ok_or("schedule.to must be a time of day from 00:00 to 24:00")?;
        if from == to {
            return Err("schedule.to must differ from schedule.from; the whole day is 00:00 to 24:00");
        }
        let zone = TimeZone::get(&schedule.time_zone)
            .map_err(|_| "schedule.timeZone must be an IANA time zone such as Europe/Rome")?;
        let days = WEEK.map(|(_, day)| schedule.days.contains(&day));
        Ok(Self { days, from, to, zone })
    }

    /// Whether the schedule holds at this time.
    pub(crate) fn holds(&self, now: Time) -> bool {
        let local = self.zone.to_datetime(now.timestamp());
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        let today = self.is_on(local.weekday());
        if self.from < self.to {
            return today && (self.from..self.to).contains(&minute);
        }
        (today && minute >= self.from) || (self.is_on(local.weekday().previous()) && minute < self.to)
    }

    /// The time on the schedule's wall clock, for people.
    pub(crate) fn wall_clock(&self, now: Time) -> String {
        let local = self.zone.to_datetime(now.timestamp());
        format!("{}, {:02}:{:02}", local.strftime("%A"), local.hour(), local.minute())
    }

    fn is_on(&self, weekday: Weekday) -> bool {
        WEEK.iter().zip(self.days).any(|((day, _), on)| *day == weekday && on)
    }
}

const WEEK: [(Weekday, Day); 7] = [
    (Weekday::Monday, Day::Mon),
    (Weekday::Tuesday, Day::Tue),
    (Weekday::Wednesday, Day::Wed),
    (Weekday::Thursday, Day::Thu),
    (Weekday::Friday, Day::Fri),
    (Weekday::Saturday, Day::Sat),
    (Weekday::Sunday, Day::Sun),
];

/// `HH:MM` as minutes after midnight; 24:00 is the end of the day.
fn minute(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let two_digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !two_digits(hour) || !two_digits(minute) {
        return None;
    }
    let (hour, minute): (u16, u16) = (hour.parse().ok()?, minute.parse().ok()?);
    let total = hour * 60 + minute;
    (minute < 60 && total <= DAY_MINUTES).then_some(total)
}

/// The days in words: `Mon to Fri`, `Sat and Sun`, `every day`.
pub(crate) fn days_in_words(days: &[Day]) -> String {
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let chosen: Vec<(usize, &str)> = WEEK
        .iter()
        .zip(names)
        .enumerate()
        .filter(|(_, ((_, day), _))| days.contains(day))
        .map(|(index, (_, name))| (index, name))
        .collect();
    match chosen.as_slice() {
        all if all.len() == names.len() => "every day".to_owned(),
        [(first, from), .., (last, to)] if last - first + 1 == chosen.len() && chosen.len() > 2 => {
            format!("{from} to {to}")
        }
        [rest @ .., (_, last)] if !rest.is_empty() => {
            let rest: Vec<&str> = rest.iter().map(|(_, name)| *name).collect();
            format!("{} and {last}", rest.join(", "))
        }
        [(_, only)] => (*only).to_owned(),
        _ => "no day".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(days: &[Day], from: &str, to: &str, zone: &str) -> Result<Hours, &'static str> {
        Hours::compile(&Schedule {
            days: days.to_vec(),
            from: from.to_owned(),
            to: to.to_owned(),
            time_zone: zone.to_owned(),
        })
    }

    #[test]
    fn the_wall_clock_of_the_zone_counts() {
        let rome = hours(&[Day::Mon], "09:00", "17:00", "Europe/Rome").unwrap();
        for (now, expected) in [
            ("2026-11-23T07:59:59Z", false), // Monday 08:59 in Rome
            ("2026-11-23T08:00:00Z", true),
            ("2026-11-23T15:59:59Z", true),
            ("2026-11-23T16:00:00Z", false),
            ("2026-11-24T10:00:00Z", false), // Tuesday
            ("2026-06-22T07:00:00Z", true),  // summer time: 09:00
            ("2026-06-22T15:00:00Z", false),
        ] {
            assert_eq!(rome.holds(now.parse().unwrap()), expected, "{now}");
        }
        assert_eq!(rome.wall_clock("2026-11-23T08:05:00Z".parse().unwrap()), "Monday, 09:05");
    }

    #[test]
    fn a_span_past_midnight_belongs_to_the_day_on_which_it_begins() {
        let night = hours(&[Day::Fri], "22:00", "06:00", "UTC").unwrap();
        for (now, expected) in [
            ("2026-11-27T05:00:00Z", false), // Friday morning belongs to Thursday
            ("2026-11-27T21:59:00Z", false),
            ("2026-11-27T22:00:00Z", true),
            ("2026-11-28T05:59:00Z", true), // Saturday morning
            ("2026-11-28T06:00:00Z", false),
            ("2026-11-28T23:00:00Z", false),
        ] {
            assert_eq!(night.holds(now.parse().unwrap()), expected, "{now}");
        }
        let sunday = hours(&[Day::Sun], "23:00", "01:00", "UTC").unwrap();
        assert!(sunday.holds("2026-11-23T00:30:00Z".parse().unwrap()), "Monday 00:30");
    }

    #[test]
    fn a_whole_day_is_midnight_to_twenty_four() {
        let all = hours(&[Day::Sun], "00:00", "24:00", "UTC").unwrap();
        assert!(all.holds("2026-11-22T00:00:00Z".parse().unwrap()));
        assert!(all.holds("2026-11-22T23:59:59.999Z".parse().unwrap()));
        assert!(!all.holds("2026-11-23T00:00:00Z".parse().unwrap()));
    }

    #[test]
    fn a_bad_schedule_names_its_field() {
        let week = &[Day::Mon];
        for (outcome, field) in [
            (hours(&[], "09:00", "17:00", "UTC"), "days"),
            (hours(week, "9:00", "17:00", "UTC"), "from"),
            (hours(week, "24:00", "17:00", "UTC"), "from"),
            (hours(week, "09:60", "17:00", "UTC"), "from"),
            (hours(week, "09:00", "24:01", "UTC"), "to"),
            (hours(week, "09:00", "+1:00", "UTC"), "to"),
            (hours(week, "09:00", "09:00", "UTC"), "to"),
            (hours(week, "09:00", "17:00", "Mars/Base"), "timeZone"),
            (hours(week, "09:00", "17:00", ""), "timeZone"),
        ] {
            let error = outcome.unwrap_err();
            assert!(error.starts_with(&format!("schedule.{field} ")), "{error}");
        }
    }

    #[test]
    fn days_are_said_in_words() {
        use Day::{Fri, Mon, Sat, Sun, Thu, Tue, Wed};
        for (days, words) in [
            (&[Mon, Tue, Wed, Thu, Fri][..], "Mon to Fri"),
            (&[Sun, Sat], "Sat and Sun"),
            (&[Mon, Wed, Fri], "Mon, Wed and Fri"),
            (&[Tue], "Tue"),
            (&[Mon, Tue, Wed, Thu, Fri, Sat, Sun], "every day"),
        ] {
            assert_eq!(days_in_words(days), words);
        }
    }
}
