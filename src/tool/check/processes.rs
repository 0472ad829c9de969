//! The processes of a language runtime, as `/proc` shows them, and their end.

use crate::os::process_tree::{living_by_ancestor, memory_kb, stat, status, tree};
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

/// True if it waits, or has ended.
pub fn is_sleeping(pid: i32) -> bool {
    stat(pid).is_none_or(|fields| matches!(fields[0].as_str(), "S" | "Z" | "X"))
}

/// True if no signal is pending, and it waits again, or has ended.
pub fn has_taken_signals(pid: i32) -> bool {
    let is_none = |name| status(pid, name).is_none_or(|mask| mask.bytes().all(|digit| digit == b'0'));
    is_none("SigPnd:") && is_none("ShdPnd:") && is_sleeping(pid)
}

/// What a process and its descendants have used of the processor, with the children that they have waited for.
pub fn cpu_time(pid: i32) -> Duration {
    // utime, stime, cutime and cstime are the fields 14 to 17 of the file; a tick is 10 ms for all processes
    let used = |fields: Vec<String>| fields.iter().skip(11).take(4).filter_map(|field| field.parse::<u64>().ok()).sum();
    let of_one = |pid| stat(pid).map_or(0u64, used);
    Duration::from_millis(10 * tree(pid).into_iter().map(of_one).sum::<u64>())
}

/// What a process and its descendants hold in memory, in KB.
pub fn resident_kb(pid: i32) -> u64 {
    memory_kb(pid, "VmRSS:")
}

/// What the descriptors of a process lead to.
pub fn descriptors(pid: i32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(fs::read_link(entry.path()).ok()?.to_string_lossy().into_owned())).collect()
}
