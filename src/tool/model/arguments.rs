//! Arguments that several commands share.

use super::given_variables::GivenVariables;
use super::streaming::{MIB, StreamLimits};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// The name of a function to which the user gives none.
pub const DEFAULT_NAME: &str = "function";

/// The function: on Lambda this is its configuration.
#[derive(Args, Clone)]
pub struct FunctionArguments {
    /// The handler, as on Lambda: file.function. Without it, the functions of a project's file
    pub handler: Option<String>,

    /// Timeout of an invocation in seconds
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds)]
    pub timeout: Duration,

    /// Memory in MB, as the function is told. It limits only the heap of Node.js, to 90% of it
    #[arg(long, value_name = "MB", default_value_t = 128)]
    pub memory: u32,

    #[command(flatten)]
    pub variables: GivenVariables,

    /// The function's folder, LAMBDA_TASK_ROOT
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub task_root: PathBuf,

    /// The bootstrap to run, in place of the one beside open-runtime or /opt/bootstrap
    #[arg(long, value_name = "PATH")]
    pub bootstrap: Option<PathBuf>,

    /// Run as the wrapper of a managed runtime (nodejs22.x, python3.13 …): events come as AWS sends them
    #[arg(long, value_name = "RUNTIME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    pub managed: Option<String>,

    /// Play SnapStart: after Init the environment is restored from a snapshot, as the runtime sees it
    #[arg(long)]
    pub snapstart: bool,

    /// A folder with extensions, as /opt/extensions on Lambda: each file in it is started before the runtime. Can be given
    /// several times
    #[arg(long, value_name = "DIR")]
    pub extensions: Vec<PathBuf>,

    /// The function's name
    #[arg(long, value_name = "NAME", default_value = DEFAULT_NAME)]
    pub function_name: String,

    /// Print no timeline on stderr, only the function's own log
    #[arg(long, short)]
    pub quiet: bool,
}

/// How to debug the function.
#[derive(Args)]
pub struct DebugArguments {
    /// Wait for a debugger, and stop at the handler's first line. The URL for the debugger is printed. The timeout is
    /// then 900 s. Without PORT the kernel chooses one
    #[arg(long, value_name = "PORT", num_args = 0..=1, require_equals = true, default_missing_value = "0")]
    pub debug: Option<u16>,

    /// The same as --debug=PORT
    #[arg(long, value_name = "PORT", conflicts_with = "debug")]
    pub debug_port: Option<u16>,
}

impl DebugArguments {
    /// The port for the debugger; 0 lets the kernel choose one. None: the function is not debugged.
    pub fn port(&self) -> Option<u16> {
        self.debug.or(self.debug_port)
    }
}

/// Lambda's limits for a response that is streamed.
#[derive(Args)]
pub struct StreamArguments {
    /// The largest response that is streamed, in MB
    #[arg(long, value_name = "MB", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..))]
    pub stream_limit: u32,

    /// Stream a response as fast as Lambda does: 6 MB at once, then 2 MB in a second
    #[arg(long)]
    pub throttle: bool,
}

impl StreamArguments {
    pub fn limits(&self) -> StreamLimits {
        StreamLimits { max_bytes: u64::from(self.stream_limit) * MIB, is_throttled: self.throttle }
    }
}

/// Parses seconds, with an optional fraction: more than 0, and at most Lambda's 900.
pub fn seconds(text: &str) -> Result<Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 900.0 => Ok(Duration::from_secs_f64(seconds)),
        _ => Err("not a number of seconds above 0 and up to 900".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_above_0_and_up_to_900_seconds() {
        assert_eq!(seconds("0.25"), Ok(Duration::from_millis(250)));
        assert!(seconds("900").is_ok());
        assert!(["0", "-1", "901", "NaN", "3s", ""].iter().all(|text| seconds(text).is_err()));
    }
}
