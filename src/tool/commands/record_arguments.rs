//! The arguments of commands that keep records of invocations.

use crate::report::recorder::Recorder;
use crate::report::redaction::Redaction;
use crate::tool_error::ToolError;
use clap::Args;
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
#[derive(Args)]
pub struct RedactionArguments {
    /// Take the values of members, headers and variables with this name out of records, too
    #[arg(long, value_name = "NAME")]
    pub redact: Vec<String>,

    /// Write records with the secrets in them
    #[arg(long, conflicts_with = "redact")]
    pub no_redact: bool,
}

impl RecordArguments {
    /// Begins to write records, if they are wanted, of functions with these environment variables.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn open<'a>(
        &self,
        variables: impl Iterator<Item = &'a (String, String)>,
    ) -> Result<Option<Recorder>, ToolError> {
        let open = |folder: &PathBuf| {
            Recorder::open(folder, self.redaction.of(variables))
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
