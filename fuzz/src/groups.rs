//! Members of groups, from `/etc/passwd` and `/etc/group` (`src/files/groups.rs`).
//!
//! Oracles: a reading of both files by lines; a further member who is not trusted never makes a group private.

use arbitrary::Arbitrary;
use tunnel_client::fuzzing::processes::groups::is_private;

/// Both files.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    users: Vec<Entry<'a>>,
    groups: Vec<Entry<'a>>,
    gid: u8,
    trusted: u8,
    own: (u8, u8),
}

#[derive(Debug, Arbitrary)]
enum Entry<'a> {
    Any(&'a str),
    /// Name and numbers of a user; name, number and members of a group.
    One(u8, u8, u8, Vec<u8>),
}

const NAMES: [&str; 6] = ["root", "ann", "bob", "cid", "dora", "+"];

fn name(index: u8) -> &'static str {
    NAMES[usize::from(index) % NAMES.len()]
}

/// Feeds both files.
pub fn check(input: &Input<'_>) {
    let user = |entry: &Entry<'_>| match entry {
        Entry::Any(line) => (*line).to_owned(),
        Entry::One(who, uid, gid, _) => format!("{}:x:{}:{}::/:/bin/sh", name(*who), uid % 4, gid % 4),
    };
    let group = |entry: &Entry<'_>| match entry {
        Entry::Any(line) => (*line).to_owned(),
        Entry::One(who, gid, _, members) => {
            let members: Vec<&str> = members.iter().take(3).map(|member| name(*member)).collect();
            format!("{}:x:{}:{}", name(*who), gid % 4, members.join(","))
        }
    };
    let users = input
        .users
        .iter()
        .take(16)
        .map(|entry| user(entry) + "\n")
        .collect::<String>();
    let groups = input
        .groups
        .iter()
        .take(16)
        .map(|entry| group(entry) + "\n")
        .collect::<String>();
    let (gid, trusted) = (u32::from(input.gid % 4), u32::from(input.trusted % 4));
    let own = (u32::from(input.own.0 % 4), u32::from(input.own.1 % 4));
    let private = is_private(&users, &groups, gid, trusted, own);
    assert_eq!(private, expected(&users, &groups, gid, trusted, own), "{users}{groups}");
    // Behind what is there: a stranger in the group, by its own line or by the user's.
    let stranger = format!("{users}\nstranger:x:77:{gid}::/:/bin/sh\n");
    assert!(!is_private(&stranger, &groups, gid, trusted, own));
    let member = format!("{groups}\nmore:x:{gid}:stranger-77\n");
    assert!(!is_private(&users, &member, gid, trusted, own));
}

/// A group is private when it is known, and each of its members is a user who is trusted.
fn expected(users: &str, groups: &str, gid: u32, trusted: u32, own: (u32, u32)) -> bool {
    let field = |line: &str, number: usize| line.split(':').nth(number).map(str::to_owned);
    let number = |line: &str, at: usize| field(line, at).and_then(|text| text.parse::<u32>().ok());
    let known: Vec<(String, u32, u32)> = users
        .lines()
        .filter_map(|line| Some((field(line, 0)?, number(line, 2)?, number(line, 3)?)))
        .collect();
    let lines: Vec<&str> = groups.lines().filter(|line| number(line, 2) == Some(gid)).collect();
    let is_known = !lines.is_empty() || own == (gid, gid);
    let is_trusted = |uid: u32| uid == 0 || uid == trusted;
    let by_group = lines.iter().filter_map(|line| field(line, 3)).all(|members| {
        let mut members = members.split(',').map(str::trim).filter(|member| !member.is_empty());
        members.all(|member| {
            known
                .iter()
                .find(|(user, ..)| user == member)
                .is_some_and(|(_, uid, _)| is_trusted(*uid))
        })
    });
    let by_user = known
        .iter()
        .filter(|(.., group)| *group == gid)
        .all(|(_, uid, _)| is_trusted(*uid));
    is_known && by_group && by_user
}
