//! `tunnel-client audit verify`.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::{Path, PathBuf};

use audit_log::{AnchorState, Head, InitialKey, Report, Verdict, Verifier};
use clap::builder::OsStringValueParser;
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::zeroize::Zeroizing;

use crate::cli::args::{is_on, option, switch};
use crate::cli::text::{json, one_line};
use crate::cli::{Error, print};
use crate::limits::{AUDIT_ANCHORS_MAX, AUDIT_KEY_TEXT_MAX};

pub(super) fn arguments() -> Command {
    Command::new("verify")
        .about("Verify the files of an audit log, the oldest first")
        .after_help(
            "Needs the initial key that audit init printed; the key file of the host is of no use for this. Rotated files are one log: \
             name them in their order, uncompressed. Take anchors from lines \"audit log anchored\" (count, head) of a log that was kept \
             on another host.\n\n\
             Files that begin with a later record than the first need --from: the head that verified the files before them, or an anchor. \
             Otherwise nothing shows that no earlier record was removed.\n\n\
             Exit code 0: every record is genuine, and the last one says that the client ended; only an anchor that names the last record \
             shows that no later run was removed. 3: every record is genuine, and there is \
             no such end: the client runs, or was killed, or the end was removed. 4: likewise, and the last line was cut off. \
             2: records were altered, removed, moved, or made without the key. 5: the files are shorter than an anchor. \
             7: every record is genuine, and earlier ones may be missing: see --from. 6: there is no record. 1: the files cannot be read.",
        )
        .arg(option("key", "FILE", "File with the initial key").required(true))
        .arg(
            option(
                "anchor",
                "COUNT:HEAD",
                "Number and seal of a record that must be there; repeatable",
            )
            .action(ArgAction::Append),
        )
        .arg(option(
            "from",
            "COUNT:HEAD",
            "Number and seal of the record that the files begin after, or of one in them",
        ))
        .arg(switch("json").help("Print JSON"))
        .arg(
            Arg::new("files")
                .value_name("FILE")
                .num_args(1..)
                .required(true)
                .value_parser(OsStringValueParser::new()),
        )
}

pub(super) fn execute(matches: &ArgMatches) -> Result<(), Error> {
    let key = matches
        .get_one::<OsString>("key")
        .map(PathBuf::from)
        .unwrap_or_default();
    let key = initial_key(&key)?;
    let anchors = matches.get_many::<OsString>("anchor").into_iter().flatten();
    let anchors = anchors
        .map(|text| anchor(text, "anchor"))
        .collect::<Result<Vec<_>, _>>()?;
    if anchors.len() > AUDIT_ANCHORS_MAX {
        return Err(Error::Message(format!(
            "audit verify: --anchor stands more than {AUDIT_ANCHORS_MAX} times; the latest anchor shows the most"
        )));
    }
    let mut verifier = Verifier::new(&key, anchors);
    if let Some(text) = matches.get_one::<OsString>("from") {
        verifier = verifier.after(anchor(text, "from")?);
    }
    for path in matches.get_many::<OsString>("files").into_iter().flatten() {
        let path = Path::new(path);
        let name = shown(path);
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        let read = verifier.file(&name, BufReader::with_capacity(1 << 16, file));
        read.map_err(|error| unreadable(path, &error))?;
    }
    let report = verifier.finish();
    print(&match is_on(matches, "json") {
        true => as_json(&report),
        false => as_text(&report),
    })?;
    match exit_code(report.verdict) {
        0 => Ok(()),
        code => Err(Error::Reported(code)),
    }
}

const fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ended => 0,
        Verdict::Faulty => 2,
        Verdict::Unended => 3,
        Verdict::Torn => 4,
        Verdict::Short => 5,
        Verdict::Empty => 6,
        Verdict::Partial => 7,
    }
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ended => "ended",
        Verdict::Faulty => "faulty",
        Verdict::Unended => "unended",
        Verdict::Torn => "torn",
        Verdict::Short => "short",
        Verdict::Empty => "empty",
        Verdict::Partial => "partial",
    }
}

const fn sentence(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ended => "VERIFIED: every record is genuine, and the log ends with the end of the client.",
        Verdict::Faulty => "NOT VERIFIED: these files are not what the client wrote.",
        Verdict::Unended => {
            "VERIFIED, WITHOUT AN END: every record is genuine. The client runs, or was killed, or the end of the log was removed; \
             an anchor tells which."
        }
        Verdict::Torn => {
            "VERIFIED, LAST LINE CUT OFF: every whole record is genuine. The client was killed while it wrote, its disk was full, or \
             the end of the log was removed; an anchor tells which."
        }
        Verdict::Short => "NOT VERIFIED: the files end before an anchor, so that records are missing at the end.",
        Verdict::Empty => "NOT VERIFIED: there is no record.",
        Verdict::Partial => {
            "VERIFIED IN PART: every record is genuine. The files do not begin with the first record, and earlier ones may have been \
             removed: name the files before, or with --from the last record of an earlier verification."
        }
    }
}

fn as_text(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail, here and below.
    let _ = writeln!(text, "{}", sentence(report.verdict));
    let _ = writeln!(
        text,
        "records   {} genuine, {} of them commands, in {} runs of the client; {} more could not be written",
        report.records, report.commands, report.runs, report.dropped
    );
    if let (Some(first), Some(last)) = (report.first, report.last) {
        let _ = writeln!(text, "range     {first} to {}", last.count);
        let _ = writeln!(text, "head      {last}");
    }
    if report.verdict == Verdict::Ended && !is_last_anchored(report) {
        text.push_str("          no anchor names the last record: later runs may have been removed\n");
    }
    for (anchor, state) in &report.anchors {
        let _ = writeln!(text, "anchor    {}: {state}", anchor.count);
    }
    for fault in &report.faults {
        let _ = writeln!(text, "FAULT     {fault}");
    }
    more(&mut text, report.faults_count, report.faults.len(), "faults");
    for note in &report.notes {
        let _ = writeln!(text, "note      {note}");
    }
    more(&mut text, report.notes_count, report.notes.len(), "notes");
    text
}

/// Whether an anchor names the last record.
fn is_last_anchored(report: &Report) -> bool {
    let is_last = |(anchor, state): &(Head, AnchorState)| *state == AnchorState::Found && report.last == Some(*anchor);
    report.anchors.iter().any(is_last)
}

fn more(text: &mut String, count: u64, shown: usize, what: &str) {
    let rest = count.saturating_sub(u64::try_from(shown).unwrap_or(u64::MAX));
    if rest > 0 {
        let _ = writeln!(text, "          and {rest} more {what}");
    }
}

fn as_json(report: &Report) -> String {
    let found = |file: &str, line: u64, what: String| serde_json::json!({ "file": file, "line": line, "what": what });
    let faults = report
        .faults
        .iter()
        .map(|one| found(&one.file, one.line, one.what.to_string()));
    let notes = report
        .notes
        .iter()
        .map(|one| found(&one.file, one.line, one.what.to_string()));
    let state = |state: &AnchorState| match state {
        AnchorState::Found => "found",
        AnchorState::Named => "named",
        AnchorState::Differs => "differs",
        AnchorState::Beyond => "beyond",
        AnchorState::Earlier => "earlier",
        AnchorState::Unverified => "unverified",
    };
    let anchors = report.anchors.iter().map(|(anchor, found)| {
        serde_json::json!({ "count": anchor.count, "head": anchor.tag.to_string(), "state": state(found) })
    });
    json(&serde_json::json!({
        "verdict": word(report.verdict),
        "records": report.records,
        "commands": report.commands,
        "dropped": report.dropped,
        "runs": report.runs,
        "first": report.first,
        "count": report.last.map(|last| last.count),
        "head": report.last.map(|last| last.tag.to_string()),
        "last_is_anchored": is_last_anchored(report),
        "anchors": anchors.collect::<Vec<_>>(),
        "faults": faults.collect::<Vec<_>>(),
        "faults_count": report.faults_count,
        "notes": notes.collect::<Vec<_>>(),
        "notes_count": report.notes_count,
    }))
}

fn initial_key(path: &Path) -> Result<InitialKey, Error> {
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    // Room for all of it, so that it is in one place.
    let mut text = Zeroizing::new(Vec::with_capacity(AUDIT_KEY_TEXT_MAX + 1));
    let most = u64::try_from(AUDIT_KEY_TEXT_MAX).unwrap_or(u64::MAX);
    file.take(most)
        .read_to_end(&mut text)
        .map_err(|error| unreadable(path, &error))?;
    InitialKey::read(&text).map_err(|error| Error::Message(format!("audit verify: --key: {}: {error}", shown(path))))
}

fn anchor(text: &OsString, flag: &str) -> Result<Head, Error> {
    text.to_str().and_then(Head::read).ok_or_else(|| {
        Error::Message(format!(
            "audit verify: --{flag}: not an anchor; write COUNT:HEAD with the head's 64 hexadecimal digits"
        ))
    })
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::Message(format!("audit verify: {} cannot be read: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    one_line(&path.display().to_string())
}
