//! What keeps the tool itself from doing its work.

use crate::faults::BadScript;
use crate::model::function::Unusable;
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

impl Trouble {
    /// 2 for arguments that make no sense, as clap has it; 5 for the rest.
    pub fn exit_status(&self) -> u8 {
        match self {
            Trouble::Function(Unusable::Bootstrap(_)) => 5,
            Trouble::Function(_) | Trouble::Script(..) => 2,
            Trouble::Io(..) | Trouble::Port(..) | Trouble::File(..) => 5,
        }
    }
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
