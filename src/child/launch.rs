//! How a supervised child is started.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::os::process::{CannotStart, Process};

/// What a wrapper runs, in sh: the language runtime with `_HANDLER`, which the wrapper may have changed. AWS's own example of a
/// wrapper puts options for the interpreter before the last argument; they come behind the handler here.
const WRAPPED: &str = concat!(
    r#"set -- "$0" "$@";n=$#;while test $((n-=1)) -gt 0;do set -- "$@" "$1";shift;done;p=$1;shift;"#,
    r#"unset _OPEN_RUNTIME_WRAPPED;exec "$p" "$_HANDLER" "$@""#
);

/// The program, what it is told, and what starts it.
#[derive(Debug)]
pub struct Launch {
    /// The executable.
    pub program: PathBuf,
    /// A program to start it with.
    pub wrapper: Option<PathBuf>,
    /// `_HANDLER`, which a language runtime is told. `None` for a middleware.
    pub handler: Option<String>,
    /// More variables for its environment.
    pub variables: Vec<(&'static str, OsString)>,
}

impl Launch {
    /// Starts it, and does not wait for it.
    ///
    /// # Errors
    /// As [`Process::start`].
    pub fn start(&self) -> Result<Process, CannotStart> {
        let mut variables = self.variables.iter().map(|(name, value)| (*name, value.as_os_str()));
        match &self.wrapper {
            // Many wrappers set another _HANDLER, so the shell reads it after them.
            Some(wrapper) => Process::start(
                wrapper,
                &["/bin/sh".as_ref(), "-c".as_ref(), WRAPPED.as_ref(), self.program.as_os_str()],
                &mut variables,
            ),
            None => Process::start(&self.program, self.handler.as_deref().map(OsStr::new).as_slice(), &mut variables),
        }
    }
}
