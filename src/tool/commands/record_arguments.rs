//! The arguments of commands that keep records of invocations.

use crate::report::history::Hub;
use crate::report::recorder::Recorder;
use crate::report::redaction::Redaction;
use crate::tool_error::ToolError;
use clap::Args;
use std::cell::RefCell;
use std::path::PathBuf;

/// Where records go, and what is taken out of them.
#[derive(Args)]
#[command(next_help_heading = "Records")]
pub struct RecordArguments {
    /// Write a file for each invocation into this folder: event, response, log, times. `open-runtime replay` and
    /// `open-runtime test` run it again
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,

    #[command(flatten)]
    pub redaction: RedactionArguments,
}

/// What is taken out of records.
#[derive(Args, Clone)]
pub struct RedactionArguments {
    /// Take the values of members, headers and variables with this name out of records, too
    #[arg(long, value_name = "NAME")]
    pub redact: Vec<String>,

    /// Write records with the secrets in them
    #[arg(long, conflicts_with = "redact")]
    pub no_redact: bool,
}

impl RecordArguments {
    /// Begins to write records, if they are wanted.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn open(&self, secrets: &Secrets) -> Result<Option<Recorder>, ToolError> {
        let open = |folder: &PathBuf| {
            Recorder::open(folder, secrets.redaction())
                .map_err(|why| ToolError::File("write records to", folder.clone(), why))
        };
        self.record.as_ref().map(open).transpose()
    }
}

impl RedactionArguments {
    /// None: nothing is taken out.
    pub fn of<'a>(&self, variables: impl Iterator<Item = &'a (String, String)>) -> Option<Redaction> {
        let variables = variables.map(|(name, value)| (name.as_str(), value.as_str()));
        (!self.no_redact).then(|| Redaction::new(&self.redact, variables))
    }
}

/// What is taken out of records, with the values of environment variables. Those of functions that have changed since stay: an
/// invocation may still have them.
pub struct Secrets {
    arguments: RedactionArguments,
    variables: RefCell<Vec<(String, String)>>,
}

impl Secrets {
    /// Those of functions with these environment variables.
    pub fn new<'a>(arguments: &RedactionArguments, variables: impl Iterator<Item = &'a (String, String)>) -> Secrets {
        Secrets { arguments: arguments.clone(), variables: RefCell::new(variables.cloned().collect()) }
    }

    /// None: nothing is taken out.
    pub fn redaction(&self) -> Option<Redaction> {
        self.arguments.of(self.variables.borrow().iter())
    }

    /// From now on a function has these variables, too.
    pub fn learn(&self, variables: &[(String, String)], hub: &Hub) {
        let mut known = self.variables.borrow_mut();
        let before = known.len();
        for variable in variables {
            if !known.contains(variable) {
                known.push(variable.clone());
            }
        }
        if known.len() > before {
            hub.redact(|| self.arguments.of(known.iter()));
        }
    }
}
