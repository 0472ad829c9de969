//! What keeps the tool itself from doing its work.

use crate::faults::BadScript;
use crate::function::Unusable;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The tool could not do its work.
pub enum Trouble {
    Function(Unusable),
    /// What could not be done, and why.
    Io(&'static str, io::Error),
    Port(SocketAddr, io::Error),
    File(&'static str, PathBuf, io::Error),
    Script(PathBuf, BadScript),
}

impl fmt::Display for Trouble {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Function(unusable) => unusable.fmt(out),
            Trouble::Io(what, why) => write!(out, "cannot {what}: {why}"),
            Trouble::Port(address, why) => {
                write!(out, "cannot listen on {address}: {why}; choose another with --port, or 0 for any")
            }
            Trouble::File(what, path, why) => {
                write!(out, "cannot {what} {}: {why}", path.display())
            }
            Trouble::Script(path, why) => {
                write!(out, "cannot use {} as --faults: {why}", path.display())
            }
        }
    }
}
