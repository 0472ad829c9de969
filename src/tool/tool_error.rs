//! The errors of the tool itself. What a function does wrong is a `model::failure::Failure`.

use crate::faults::BadScript;
use crate::model::function::Unusable;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The tool could not do what was asked.
pub enum ToolError {
    /// The arguments or the input are wrong, and how.
    Usage(String),
    Function(Unusable),
    /// What could not be done, and why. Likewise below.
    Io(&'static str, io::Error),
    Port(SocketAddr, io::Error),
    File(&'static str, PathBuf, io::Error),
    Script(PathBuf, BadScript),
}

impl ToolError {
    /// 2 for wrong arguments, as clap has it. 5 for the rest.
    pub fn exit_status(&self) -> u8 {
        match self {
            ToolError::Function(Unusable::Bootstrap(_)) => 5,
            ToolError::Usage(_) | ToolError::Function(_) | ToolError::Script(..) => 2,
            ToolError::Io(..) | ToolError::Port(..) | ToolError::File(..) => 5,
        }
    }
}

impl fmt::Display for ToolError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ToolError::Usage(why) => out.write_str(why),
            ToolError::Function(unusable) => unusable.fmt(out),
            ToolError::Io(what, why) => write!(out, "cannot {what}: {why}"),
            ToolError::Port(address, why) => {
                write!(out, "cannot listen on {address}: {why}; choose another with --port or --http, or 0 for any")
            }
            ToolError::File(what, path, why) => {
                write!(out, "cannot {what} {}: {why}", path.display())
            }
            ToolError::Script(path, why) => {
                write!(out, "cannot use {} as --faults: {why}", path.display())
            }
        }
    }
}
