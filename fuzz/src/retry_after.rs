//! `Retry-After` (`src/wire/retry_after.rs`) and dates of HTTP. Oracle: a strict reader of the three forms of a date, compared with
//! `httpdate` and with the reader of cookies' dates as well.

use std::time::{Duration, SystemTime};

use tunnel_client::fuzzing::messages::http::cookies;
use tunnel_client::limits::RETRY_AFTER_MAX;
use tunnel_client::wire::retry_after;

use crate::support::http_date;

/// Sun, 06 Nov 1994 08:49:37 GMT.
const NOW: u64 = 784_111_777;

/// Feeds `data` as the header's value.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let ours = retry_after::parse(text, now);
    assert!(ours.is_none_or(|pause| pause <= RETRY_AFTER_MAX));
    let value = text.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let significant = value.trim_start_matches('0');
        let seconds = if significant.len() > 9 {
            u64::MAX
        } else {
            significant.parse().unwrap_or(0)
        };
        assert_eq!(
            ours,
            Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX.as_secs()))),
            "{text:?}"
        );
        return;
    }
    let date = http_date::parse(value);
    if let Some(date) = date {
        let theirs = httpdate::parse_http_date(value).expect("httpdate reads every right date");
        let theirs = theirs.duration_since(SystemTime::UNIX_EPOCH).expect("it is after 1970");
        assert_eq!(i64::try_from(theirs.as_secs()), Ok(date), "{text:?}: httpdate");
        assert_eq!(
            cookies::date(value.as_bytes()),
            Some(date),
            "{text:?}: dates of cookies"
        );
        let left = u64::try_from(date).ok().and_then(|date| date.checked_sub(NOW));
        assert_eq!(
            ours,
            left.map(|left| Duration::from_secs(left).min(RETRY_AFTER_MAX)),
            "{text:?}"
        );
    } else if ours.is_some() {
        // What httpdate reads beyond the standard has a date's form all the same, and means the same to the reader of cookies'
        // dates, which is lenient too.
        let theirs = httpdate::parse_http_date(value).expect("nothing else gives a pause");
        assert!(value.len() >= 24 && value.contains(':'), "{text:?} is no date");
        if let Some(lenient) = cookies::date(value.as_bytes()) {
            let theirs = theirs
                .duration_since(SystemTime::UNIX_EPOCH)
                .map(|since| since.as_secs());
            assert_eq!(theirs.ok(), u64::try_from(lenient).ok(), "{text:?}");
        }
    }
}
