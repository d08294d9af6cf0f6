#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::{self, OpenOptions};
use std::path::PathBuf;

use super::super::backlog::Segment;
use super::*;
use crate::limits::AUDIT_FORWARD_UNSETTLED;

/// The files of a feeder.
struct Place(PathBuf);

impl Place {
    fn new(name: &str, records: usize) -> Self {
        let place = Self(std::env::temp_dir().join(format!("audit-feeder-{name}-{}", std::process::id())));
        fs::create_dir_all(&place.0).unwrap();
        let lines: String = (0..records).map(|number| format!("{{\"seq\":{number}}}\n")).collect();
        fs::write(place.0.join("log"), lines).unwrap();
        place
    }

    fn feeder(&self, most: u64) -> Feeder {
        let position = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(self.0.join("position"));
        let (position, _) = PositionFile::open(position.unwrap()).unwrap();
        let log = File::open(self.0.join("log")).unwrap();
        let backlog = Backlog::new(None, Segment::new(log, 0, false), most);
        Feeder::new(backlog, position, Arc::default())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Asks for lines, at this moment: none where the feeder lets the sender wait.
fn ask(feeder: &mut Feeder, verdict: Verdict, now: Instant) -> Option<String> {
    let (reply, mut answer) = oneshot::channel();
    feeder.take(Request {
        verdict,
        reply: Some(reply),
        at_once: true,
    });
    feeder.turn_at(now);
    answer.try_recv().ok()
}

/// Takes all that is handed out at this moment; the number of records, and the first line.
fn send_all(feeder: &mut Feeder, now: Instant) -> (u64, String) {
    let (mut count, mut first, mut verdict) = (0, None, Verdict::Unsent);
    while let Some(lines) = ask(feeder, verdict, now).filter(|lines| !lines.is_empty()) {
        count += lines.lines().count() as u64;
        first = first.or_else(|| lines.lines().next().map(str::to_owned));
        verdict = Verdict::Taken;
    }
    (count, first.unwrap_or_default())
}

fn broken(feeder: &mut Feeder) {
    feeder.take(Request {
        verdict: Verdict::Broken,
        reply: None,
        at_once: true,
    });
}

#[test]
fn however_much_is_sent_nothing_is_final_before_a_second_has_passed() {
    let place = Place::new("time", 100_000);
    let mut feeder = place.feeder(u64::MAX);
    let start = feeder.stored;
    for half in [0, 1] {
        let (count, first) = send_all(&mut feeder, start + half * AUDIT_FORWARD_STORE / 2);
        assert_eq!((count, first.as_str()), (AUDIT_FORWARD_UNSETTLED, "{\"seq\":0}"));
        broken(&mut feeder);
    }
    // One step: not a second old for certain.
    send_all(&mut feeder, start);
    assert_eq!(send_all(&mut feeder, start + AUDIT_FORWARD_STORE).0, 0);
    broken(&mut feeder);
    assert_eq!(send_all(&mut feeder, start + AUDIT_FORWARD_STORE).1, "{\"seq\":0}");
}

#[test]
fn what_may_be_sent_twice_is_bounded_and_the_rest_is_sent_when_time_has_passed() {
    let total = 100_000;
    let place = Place::new("bound", usize::try_from(total).unwrap());
    let mut feeder = place.feeder(u64::MAX);
    let (start, mut sent, mut seconds) = (feeder.stored, 0, 0);
    while sent < total {
        let now = start + seconds * AUDIT_FORWARD_STORE;
        let (count, _) = send_all(&mut feeder, now);
        assert!(count <= AUDIT_FORWARD_UNSETTLED);
        // The sender waits: the thread wakes for the next step.
        assert!(sent + count == total || feeder.patience().is_some_and(|patience| patience > Duration::ZERO));
        sent += count;
        seconds += 1;
    }
    assert!(total / u64::from(seconds) >= 10_000, "{seconds} s");
    broken(&mut feeder);
    let (again, _) = send_all(&mut feeder, start + seconds * AUDIT_FORWARD_STORE);
    assert!((1..=AUDIT_FORWARD_UNSETTLED).contains(&again), "{again}");
}
