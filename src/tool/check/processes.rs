//! The processes of a language runtime, as `/proc` shows them, and their end.

use crate::os::process_tree::living_by_ancestor;
use crate::os::sys;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// How often the processes are looked for until none is left, a millisecond apart.
const ROUNDS: u32 = 2000;

/// Kills what is left of a language runtime. `root` is its task root, by which the processes are known.
pub fn end(root: &Path) {
    let root = root.to_string_lossy();
    end_those(|variable| variable.as_deref() == Some(&root));
}

/// Kills all that this process has started.
pub fn end_all() {
    end_those(|_| true);
}

/// Those whose task root is such a one. What they start meanwhile is found in the next round.
fn end_those(are_they: impl Fn(Option<String>) -> bool) {
    for _ in 0..ROUNDS {
        let mut is_clean = true;
        for (ancestor, process) in living_by_ancestor() {
            if !process.is_dying() && are_they(ancestor.variable("LAMBDA_TASK_ROOT")) {
                let _ = sys::signal(process.pid, libc::SIGKILL);
                is_clean = false;
            }
        }
        if is_clean {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A process and its descendants.
pub fn tree(pid: i32) -> Vec<i32> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let below = children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).flat_map(tree);
    std::iter::once(pid).chain(below).collect()
}

/// The fields of `/proc/PID/stat` behind the name: the state is the first.
fn stat(pid: i32) -> Vec<String> {
    let stat = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    let stat = String::from_utf8_lossy(&stat);
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
    fields.split(' ').map(str::to_owned).collect()
}

fn status(pid: i32, name: &str) -> Option<String> {
    let status = fs::read(format!("/proc/{pid}/status")).ok()?;
    let status = String::from_utf8_lossy(&status);
    let value = status.lines().find_map(|line| line.strip_prefix(name))?;
    value.split_ascii_whitespace().next().map(str::to_owned)
}

/// True if it waits, or has ended.
pub fn is_sleeping(pid: i32) -> bool {
    stat(pid).first().is_none_or(|state| matches!(state.as_str(), "S" | "Z" | "X" | ""))
}

/// True if no signal is pending, and it waits again, or has ended.
pub fn has_taken_signals(pid: i32) -> bool {
    let is_none = |name| status(pid, name).is_none_or(|mask| mask.bytes().all(|digit| digit == b'0'));
    is_none("SigPnd:") && is_none("ShdPnd:") && is_sleeping(pid)
}

/// What a process and its descendants have used of the processor, with the children that they have waited for.
pub fn cpu_time(pid: i32) -> Duration {
    // utime, stime, cutime and cstime are the fields 14 to 17 of the file; a tick is 10 ms for all processes
    let of_one = |pid| stat(pid).iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum::<u64>();
    Duration::from_millis(10 * tree(pid).into_iter().map(of_one).sum::<u64>())
}

/// What a process and its descendants hold in memory, in KB.
pub fn resident_kb(pid: i32) -> u64 {
    let of_one = |pid| status(pid, "VmRSS:").and_then(|kb| kb.parse::<u64>().ok());
    tree(pid).into_iter().filter_map(of_one).sum()
}

/// What the descriptors of a process lead to.
pub fn descriptors(pid: i32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned())).collect()
}
