//! The three forms of a date in HTTP (RFC 9110, section 5.6.7), read strictly.

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_DAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// Seconds since 1970 of a date that is right in every part, its day of the week included. Years of two digits are of this century up
/// to 69, as programs have it that know no current date.
pub fn parse(text: &str) -> Option<i64> {
    fixed(text).or_else(|| with_hyphens(text)).or_else(|| of_c(text))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
fn fixed(text: &str) -> Option<i64> {
    let (day_name, rest) = text.split_once(", ")?;
    let parts: [&str; 5] = parts(rest, ' ')?;
    let [day, month, year, time, zone] = parts;
    let weekday = DAYS.iter().position(|name| *name == day_name)?;
    let date = (digits(year, 4)?, month_of(month)?, digits(day, 2)?);
    moment(date, time, weekday).filter(|_| zone == "GMT")
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`.
fn with_hyphens(text: &str) -> Option<i64> {
    let (day_name, rest) = text.split_once(", ")?;
    let [date, time, zone]: [&str; 3] = parts(rest, ' ')?;
    let [day, month, year]: [&str; 3] = parts(date, '-')?;
    let weekday = LONG_DAYS.iter().position(|name| *name == day_name)?;
    let year = match digits(year, 2)? {
        year @ 0..70 => 2000 + year,
        year => 1900 + year,
    };
    let date = (year, month_of(month)?, digits(day, 2)?);
    moment(date, time, weekday).filter(|_| zone == "GMT")
}

/// `Sun Nov  6 08:49:37 1994`.
fn of_c(text: &str) -> Option<i64> {
    let (day_name, rest) = text.split_once(' ')?;
    let (month, rest) = rest.split_once(' ')?;
    let (day, rest) = rest.split_at_checked(2)?;
    let [empty, time, year]: [&str; 3] = parts(rest, ' ')?;
    let weekday = DAYS.iter().position(|name| *name == day_name)?;
    let day = match day.strip_prefix(' ') {
        Some(day) => digits(day, 1)?,
        None => digits(day, 2)?,
    };
    let date = (digits(year, 4)?, month_of(month)?, day);
    moment(date, time, weekday).filter(|_| empty.is_empty())
}

fn parts<const N: usize>(text: &str, by: char) -> Option<[&str; N]> {
    text.split(by).collect::<Vec<_>>().try_into().ok()
}

fn digits(text: &str, count: usize) -> Option<i64> {
    let are_digits = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| are_digits)
}

fn month_of(name: &str) -> Option<i64> {
    (1..)
        .zip(MONTHS)
        .find(|(_, month)| *month == name)
        .map(|(number, _)| number)
}

fn moment((year, month, day): (i64, i64, i64), time: &str, weekday: usize) -> Option<i64> {
    let [hour, minute, second]: [&str; 3] = parts(time, ':')?;
    let (hour, minute, second) = (digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?);
    let days = days(year, month, day)?;
    // 1970 began on a Thursday.
    let is_right = hour < 24 && minute < 60 && second < 60 && (days + 3).rem_euclid(7) == weekday as i64;
    is_right.then_some(days * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970, counted year by year and month by month.
fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = |month: i64| match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if !(1970..=9999).contains(&year) || !(1..=length(month)).contains(&day) {
        return None;
    }
    let years: i64 = (1970..year).map(|year| 365 + i64::from(is_leap(year))).sum();
    Some(years + (1..month).map(length).sum::<i64>() + day - 1)
}
