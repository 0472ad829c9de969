//! The options of the page that shows what happens: whether there is one, and the file that it becomes at the end.

use super::record_arguments::Secrets;
use crate::apis::functions::Functions;
use crate::apis::queue::Job;
use crate::http::guard::{Guard, OwnPage};
use crate::http::reply::Refusal;
use crate::model::ids;
use crate::model::invocation::Invocation;
use crate::page::{self, Page, Submission, file};
use crate::report::history::Hub;
use crate::tool_error::ToolError;
use clap::Args;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// The option of `invoke` and of `serve`.
#[derive(Args)]
pub struct TimelineArguments {
    /// Write at the end what happened, as a page in one file. It holds events, responses and logs
    #[arg(long, value_name = "FILE.html")]
    pub timeline: Option<PathBuf>,
}

/// The file that is to be written at the end.
pub struct TimelineFile {
    path: PathBuf,
    secrets: Rc<Secrets>,
}

impl TimelineArguments {
    /// To be called before the work begins. From now on the hub keeps records, if the file is wanted.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn open(self, hub: &Hub, secrets: &Rc<Secrets>) -> Result<Option<TimelineFile>, ToolError> {
        let Some(path) = self.timeline else { return Ok(None) };
        hub.keep_records();
        file::check(&path).map_err(|why| unwritable(&path, why))?;
        Ok(Some(TimelineFile { path, secrets: secrets.clone() }))
    }
}

impl TimelineFile {
    /// Writes the file, without the secrets that are found.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, hub: &Hub, functions: &[String]) -> Result<(), ToolError> {
        let redaction = self.secrets.redaction();
        let clean = |json: String| redaction.as_ref().map_or(json.clone(), |redaction| redaction.json(&json));
        file::write(&self.path, hub, functions, clean).map_err(|why| unwritable(&self.path, why))
    }
}

fn unwritable(path: &Path, why: io::Error) -> ToolError {
    ToolError::File("write the timeline", path.to_owned(), why)
}

/// The page. What it sends goes the way of other invocations whose caller does not wait.
pub fn page(hub: &Rc<Hub>, functions: &Rc<Functions>) -> Rc<Page> {
    let callees = functions.clone();
    let named = functions.clone();
    Page::new(hub.clone(), Box::new(move || names(&named)), Box::new(move |submission| submit(submission, &callees)))
}

/// The names of the functions.
pub fn names(functions: &Functions) -> Vec<String> {
    functions.all().iter().map(|callee| callee.function.name.clone()).collect()
}

fn submit(submission: Submission, functions: &Functions) -> Result<String, Refusal> {
    let Submission { function, event, source } = submission;
    let callee = functions.find(&function)?;
    let (request_id, function_arn, trace_id) = (ids::uuid(), callee.function.arn(None), ids::trace_id());
    let id = request_id.clone();
    let invocation = Invocation { request_id, source, event, function_arn, trace_id, ..Invocation::default() };
    callee.invoker.submit(Job { invocation: Rc::new(invocation), wants_log: false, caller: None }).map(|()| id)
}

/// The guard of a listener at this address, if it has the page.
pub fn guarded(guard: Guard, address: SocketAddr, has_page: bool) -> Guard {
    let own_page = OwnPage { path: page::PATH, is_loopback_only: address.ip().is_loopback() };
    Guard { own_page: has_page.then_some(own_page), ..guard }
}
