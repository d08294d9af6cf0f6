#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs::OpenOptions;
use std::io::{PipeReader, Read as _, pipe};
use std::os::fd::OwnedFd;

use super::*;

fn notice(lost: u64) -> String {
    format!("lost {lost}\n")
}

/// A pipe that is never waited for.
fn piped() -> (PipeReader, Output) {
    let (reader, writer) = pipe().unwrap();
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK).unwrap();
    (reader, Output::to(To::Stream(File::from(OwnedFd::from(writer)).into())))
}

fn read(reader: &mut PipeReader) -> String {
    let mut buffer = vec![0; 2 << 20];
    let read = reader.read(&mut buffer).unwrap();
    String::from_utf8_lossy(&buffer[..read]).into_owned()
}

#[test]
fn a_record_that_a_reader_took_half_of_goes_on_where_it_was() {
    let (mut reader, mut output) = piped();
    let long = format!("{}\n", "x".repeat(200_000));
    assert!(output.write(&long, notice).is_none() && output.is_waiting());
    assert!(output.write("second\n", notice).is_none());
    let mut all = String::new();
    while output.is_waiting() {
        all += &read(&mut reader);
        output.resume(notice);
    }
    all += &read(&mut reader);
    assert_eq!(all, format!("{long}second\n"));
}

#[test]
fn what_a_reader_does_not_take_is_bounded_and_counted_and_told_when_it_reads_again() {
    let (mut reader, mut output) = piped();
    let line = format!("{}\n", "x".repeat(999));
    let mut written = 0;
    let told = loop {
        written += 1;
        if let Some(told) = output.write(&line, notice) {
            break told;
        }
    };
    assert!(matches!(told, Told::Losing(_)));
    assert!(output.bytes <= LOG_QUEUE_BYTES && written < 2 * LOG_QUEUE_BYTES / line.len());
    // Told once.
    assert!(output.write(&line, notice).is_none());
    let (mut all, mut recovered) = (String::new(), None);
    while output.is_waiting() || recovered.is_none() {
        all += &read(&mut reader);
        recovered = recovered.or(output.resume(notice));
    }
    assert!(matches!(recovered, Some(Told::Recovered(2))), "{recovered:?}");
    output.write("next\n", notice);
    all += &read(&mut reader);
    assert!(all.ends_with("lost 2\nnext\n"), "{}", &all[all.len() - 100..]);
    assert_eq!(all.matches(&line).count(), written - 1);
    assert_eq!((output.bytes, output.waiting.capacity()), (0, 0));
}

#[test]
fn a_log_says_whether_it_waits_cannot_reach_its_server_or_loses_lines() {
    let mut output = Output::to(To::Server);
    assert_eq!(output.condition(), Condition::Writing);
    output.write("x", notice);
    assert_eq!(output.condition(), Condition::Waiting);
    assert!(matches!(output.trouble("gone".to_owned()), Some(Told::Waiting(_))));
    assert_eq!(output.condition(), Condition::Unreachable);
    for _ in 0..LOG_QUEUE_RECORDS {
        output.write("x", notice);
    }
    assert_eq!(output.condition(), Condition::Losing);
    output.drop_first(LOG_QUEUE_RECORDS);
    output.resume(notice);
    assert_eq!(output.condition(), Condition::Waiting);
    output.drop_first(1);
    assert_eq!(output.condition(), Condition::Writing);
}

#[test]
fn short_records_are_bounded_by_their_number() {
    let mut output = Output::to(To::Server);
    for _ in 0..LOG_QUEUE_RECORDS {
        assert!(output.write("x", notice).is_none());
    }
    assert!(matches!(output.write("x", notice), Some(Told::Losing(_))));
    let (batch, count) = output.first(10);
    assert_eq!((batch.len(), count), (10, 10));
    output.drop_first(LOG_QUEUE_RECORDS);
    assert!(matches!(output.resume(notice), Some(Told::Recovered(1))));
    assert_eq!(output.first(100), ("lost 1\n".to_owned(), 1));
}

#[test]
fn a_reader_that_is_gone_loses_what_waits_and_no_more_is_kept() {
    let (reader, mut output) = piped();
    output.write(&"x".repeat(100_000), notice);
    drop(reader);
    output.write("second\n", notice);
    assert!(!output.is_waiting() && output.lost >= 1);
}

#[test]
fn a_datagram_that_finds_no_room_waits_whole() {
    let (receiver, sender) = UnixDatagram::pair().unwrap();
    sender.set_nonblocking(true).unwrap();
    let mut output = Output::to(To::Datagrams(sender));
    let mut written = 0;
    while !output.is_waiting() {
        output.write(&format!("record {written}"), notice);
        written += 1;
    }
    let mut buffer = [0; 100];
    for number in 0..written {
        let length = receiver.recv(&mut buffer).unwrap();
        assert_eq!(buffer[..length], *format!("record {number}").as_bytes());
        output.resume(notice);
    }
    assert!(!output.is_waiting());
}

/// A daemon that is restarted removes its socket and makes another one.
#[test]
fn what_a_receiver_that_is_gone_does_not_take_waits_for_the_next_one_and_what_is_too_much_is_counted() {
    let path = std::env::temp_dir().join(format!("tunnel-client-log-socket-{}", std::process::id()));
    let first = UnixDatagram::bind(&path).unwrap();
    let sender = UnixDatagram::unbound().unwrap();
    sender.connect(&path).unwrap();
    sender.set_nonblocking(true).unwrap();
    let mut output = Output::to(To::Datagrams(sender));
    // In the process it is another one that has the socket, too.
    let same = UnixDatagram::from(output.socket_clone().unwrap());
    let place = path.clone();
    output.reconnect_by(Reconnect::new(move || drop(same.connect(&place))));
    output.write("before", notice);
    drop(first);
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(output.write("while 0", notice), Some(Told::Waiting(_))));
    for number in 1..LOG_QUEUE_RECORDS {
        assert!(output.write(&format!("while {number}"), notice).is_none(), "told once");
    }
    output.write("too much", notice);
    output.write("too much", notice);
    assert_eq!((output.lost, output.waiting.len()), (2, LOG_QUEUE_RECORDS));
    let second = UnixDatagram::bind(&path).unwrap();
    second.set_nonblocking(true).unwrap();
    let mut received = Vec::new();
    let mut buffer = [0; 100];
    let end = Instant::now() + std::time::Duration::from_secs(30);
    while output.is_waiting() || output.lost > 0 {
        assert!(Instant::now() < end, "{} wait", output.waiting.len());
        output.resume(notice);
        while let Ok(length) = second.recv(&mut buffer) {
            received.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
        }
    }
    while let Ok(length) = second.recv(&mut buffer) {
        received.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
    }
    std::fs::remove_file(&path).unwrap();
    let expected: Vec<String> = (0..LOG_QUEUE_RECORDS).map(|number| format!("while {number}")).collect();
    assert_eq!(received[..LOG_QUEUE_RECORDS], expected);
    assert_eq!(received[LOG_QUEUE_RECORDS..], ["lost 2\n"]);
}

/// A quota, which takes half a line.
#[test]
fn a_line_after_half_a_line_begins_anew_and_what_was_lost_is_counted() {
    let (mut reader, mut output) = piped();
    output.torn = true;
    output.lost = 1;
    output.write("third\n", notice);
    assert_eq!(read(&mut reader), "\nlost 1\nthird\n");
}

#[test]
fn half_a_line_stays_half_a_line_when_its_file_is_opened_again() {
    let path = std::env::temp_dir().join(format!("tunnel-client-torn-{}", std::process::id()));
    let open = || OpenOptions::new().create(true).append(true).open(&path).unwrap();
    let mut output = Output::to(To::Stream(open().into()));
    output.write("half", notice);
    output.torn = true;
    output.replace(open());
    output.write("next\n", notice);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(text, "half\nnext\n");
}

#[test]
fn what_was_lost_is_told_in_the_file_that_takes_its_place() {
    let mut output = Output::to(To::Stream(
        OpenOptions::new().write(true).open("/dev/full").unwrap().into(),
    ));
    let before = lost();
    for _ in 0..3 {
        output.write("line\n", notice);
    }
    // Other tests may lose lines meanwhile.
    assert!(lost() >= before + 3);
    let (mut reader, writer) = pipe().unwrap();
    output.replace(File::from(OwnedFd::from(writer)));
    output.write("next\n", notice);
    drop(output);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "lost 3\nnext\n");
}
