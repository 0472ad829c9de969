//! The processes below this one, read from `/proc`.
//!
//! The tool adopts orphans. So all that bootstrap or a handler starts stays below the tool, daemons included.

use std::collections::{HashMap, HashSet};
use std::fs;

/// The kernel's flag of a process that is exiting.
const PF_EXITING: u32 = 0x4;

/// A process as `/proc/PID/stat` describes it.
#[derive(Debug, PartialEq, Eq)]
pub struct ProcessInfo {
    pub pid: i32,
    parent: i32,
    session: i32,
    pub name: String,
    is_dead: bool,
    is_exiting: bool,
}

impl ProcessInfo {
    /// True if it is exiting, or a SIGKILL is pending: then it exits as soon as it runs.
    pub fn is_dying(&self) -> bool {
        let status = read(self.pid, "status").unwrap_or_default();
        let pending = ["SigPnd:", "ShdPnd:"].map(|name| has_sigkill(field(&status, name)));
        // it may have taken the signal since it was looked at first: then it is not pending any more
        let is_exiting = || look_at(self.pid).is_none_or(|now| now.is_dead || now.is_exiting);
        self.is_exiting || status.is_empty() || pending.contains(&true) || is_exiting()
    }
}

/// A file of a process. Lossy: a process may name itself with any bytes.
fn read(pid: i32, file: &str) -> Option<String> {
    let bytes = fs::read(format!("/proc/{pid}/{file}")).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The value of a line of `/proc/PID/status`. `name` has the colon.
pub fn status(pid: i32, name: &str) -> Option<String> {
    field(&read(pid, "status")?, name).map(str::to_owned)
}

/// The fields of `/proc/PID/stat` behind the name: the state is the first. None if there is no such process.
pub fn stat(pid: i32) -> Option<Vec<String>> {
    let stat = read(pid, "stat")?;
    let (_, fields) = stat.rsplit_once(") ")?;
    Some(fields.split(' ').map(str::to_owned).collect())
}

/// A process and its descendants, as far as the kernel lists their children.
pub fn tree(pid: i32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let below = children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).flat_map(tree);
    std::iter::once(pid).chain(below).collect()
}

/// The sum of such a value of `/proc/PID/status`, in KB, over a process and its descendants.
pub fn memory_kb(pid: i32, name: &str) -> u64 {
    let of_one = |pid| status(pid, name).and_then(|kb| kb.parse::<u64>().ok());
    tree(pid).into_iter().filter_map(of_one).sum()
}

/// The value of a line of `/proc/PID/status`.
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_ascii_whitespace().next()
}

fn has_sigkill(mask: Option<&str>) -> bool {
    let mask = mask.and_then(|mask| u64::from_str_radix(mask, 16).ok());
    mask.is_some_and(|mask| mask & 1 << (libc::SIGKILL - 1) != 0)
}

/// All descendants of this process except zombies. Reads all of `/proc`.
pub fn living_descendants() -> Vec<ProcessInfo> {
    below(own_pid(), all()).into_iter().filter(|process| !process.is_dead).collect()
}

fn own_pid() -> i32 {
    i32::try_from(std::process::id()).unwrap_or(i32::MAX)
}

/// A child of this process that others descend from: it was started by this process, or is an orphan that it adopted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ancestor {
    pub pid: i32,
    pub session: i32,
}

impl Ancestor {
    /// The value of an environment variable with which it was started. None, too, if it hides its environment.
    pub fn variable(self, name: &str) -> Option<String> {
        let variables = fs::read(format!("/proc/{}/environ", self.pid)).ok()?;
        let value = |variable: &[u8]| {
            Some(std::str::from_utf8(variable).ok()?.strip_prefix(name)?.strip_prefix('=')?.to_owned())
        };
        variables.split(|byte| *byte == 0).find_map(value)
    }
}

/// The living descendants of this process, each with the child of this process that it descends from.
pub fn living_by_ancestor() -> Vec<(Ancestor, ProcessInfo)> {
    by_ancestor(own_pid(), living_descendants())
}

/// `descendants` has parents before their children.
fn by_ancestor(root: i32, descendants: Vec<ProcessInfo>) -> Vec<(Ancestor, ProcessInfo)> {
    let mut ancestors: HashMap<i32, Ancestor> = HashMap::new();
    let with_ancestor = |process: ProcessInfo| {
        let itself = Ancestor { pid: process.pid, session: process.session };
        let ancestor = if process.parent == root { itself } else { *ancestors.get(&process.parent).unwrap_or(&itself) };
        ancestors.insert(process.pid, ancestor);
        (ancestor, process)
    };
    descendants.into_iter().map(with_ancestor).collect()
}

/// The sum of the peak memory of a process and its descendants, in KB, as far as the kernel lists their children.
pub fn peak_memory_kb(pid: i32) -> u64 {
    memory_kb(pid, "VmHWM:")
}

fn all() -> Vec<ProcessInfo> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(look_at).collect()
}

fn look_at(pid: i32) -> Option<ProcessInfo> {
    parse(&read(pid, "stat")?)
}

fn below(root: i32, mut all: Vec<ProcessInfo>) -> Vec<ProcessInfo> {
    let mut known = HashSet::from([root]);
    let mut found = Vec::new();
    loop {
        let (below, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|process| known.contains(&process.parent));
        if below.is_empty() {
            return found;
        }
        known.extend(below.iter().map(|process| process.pid));
        found.extend(below);
        all = rest;
    }
}

/// `PID (NAME) STATE PARENT GROUP SESSION TTY FOREGROUND FLAGS …`; the name may hold spaces and parentheses.
fn parse(stat: &str) -> Option<ProcessInfo> {
    let (pid, rest) = stat.split_once(" (")?;
    let (name, rest) = rest.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let flags: u32 = fields.get(6)?.parse().ok()?;
    Some(ProcessInfo {
        pid: pid.parse().ok()?,
        parent: fields.get(1)?.parse().ok()?,
        session: fields.get(3)?.parse().ok()?,
        name: name.to_owned(),
        is_dead: matches!(*fields.first()?, "Z" | "X"),
        is_exiting: flags & PF_EXITING != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: i32, parent: i32) -> ProcessInfo {
        ProcessInfo { pid, parent, session: 1, name: "x".to_owned(), is_dead: false, is_exiting: false }
    }

    #[test]
    fn names_may_hold_anything() {
        let parsed = parse("42 (a) Z 1 (b)) S 7 42 42 0 -1 4194564 0").unwrap();
        assert_eq!((parsed.pid, parsed.parent, parsed.name.as_str()), (42, 7, "a) Z 1 (b)"));
    }

    #[test]
    fn a_process_that_exits_is_dying() {
        let parsed = parse("42 (a) R 7 42 42 0 -1 4194308 0").unwrap();
        assert!(parsed.is_dying());
        assert!(!look_at(own_pid()).unwrap().is_dying());
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let seen = look_at(i32::try_from(child.id()).unwrap()).unwrap();
        assert!(!seen.is_dying());
        child.kill().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50)); // dead, and no signal is pending
        assert!(!seen.is_exiting && seen.is_dying());
        child.wait().unwrap();
        assert!(has_sigkill(Some("0000000000000100")) && !has_sigkill(Some("0000000000004000")));
    }

    #[test]
    fn descendants_belong_to_the_child_they_come_from() {
        let found = below(1, vec![process(5, 4), process(4, 3), process(3, 1), process(7, 1)]);
        let found = by_ancestor(1, found);
        let pairs: Vec<_> = found.iter().map(|(ancestor, process)| (ancestor.pid, process.pid)).collect();
        assert_eq!(pairs, [(3, 3), (7, 7), (3, 4), (3, 5)]);
    }

    #[test]
    fn descendants_are_found_in_any_order() {
        let found = below(1, vec![process(5, 4), process(9, 8), process(4, 3), process(3, 1), process(8, 2)]);
        let pids: Vec<_> = found.iter().map(|process| process.pid).collect();
        assert_eq!(pids, [3, 4, 5]);
    }
}
