//! Runs records again, for `replay` and `test`: one function, kept warm.

use super::record_arguments::RedactionArguments;
use super::rerun_function::{Functions, RerunFunction};
use crate::faults::Faults;
use crate::lambda::phases::{INIT_LIMIT, Lambda};
use crate::lambda::platform::{Options, Platform};
use crate::model::arguments::StreamArguments;
use crate::model::function::Function;
use crate::model::ids;
use crate::model::invocation::{Invocation, Outcome, Response, Source};
use crate::model::streaming::{self, Part, PartReceiver};
use crate::replay::ignore::{self, Pattern};
use crate::replay::result::{Answer, Body};
use crate::replay::saved::{self, Saved, Unusable};
use crate::replay::update;
use crate::report::journal::Journal;
use crate::report::record::error_json;
use crate::report::recorder;
use crate::report::timeline::printable;
use crate::tool_error::ToolError;
use bytes::Bytes;
use clap::Args;
use std::path::Path;
use std::rc::Rc;

/// The most characters of a value that are shown.
const MAX_SHOWN: usize = 300;

/// The arguments that both commands have.
#[derive(Args)]
pub struct RerunArguments {
    #[command(flatten)]
    pub streaming: StreamArguments,

    /// Parts of the answer that are not compared.
    #[arg(long, value_name = "PATH", value_parser = ignore::pattern, help = IGNORE)]
    pub ignore: Vec<Pattern>,

    /// Write answers that differ into the records, instead of failing
    #[arg(long)]
    pub update: bool,

    #[command(flatten)]
    pub redaction: RedactionArguments,
}

const IGNORE: &str = "Do not compare this part of the answer: response.items[0].id, error.errorMessage. `*` stands for one \
     step, `**` for any number: 'response.items[*].id', 'response.**.createdAt'";

/// Invokes the functions of records. It has one execution environment, until a record has another handler.
pub struct Runner {
    platform: Rc<Platform>,
    functions: Functions,
    current: Option<Lambda>,
}

/// What came of a record.
pub struct Ran {
    pub answer: Answer,
    /// The lines that the function wrote, if they were hidden.
    pub log: Vec<String>,
    function: Rc<Function>,
}

impl Ran {
    /// Names of variables that the record was made with, and that are not set now. None: there are none.
    pub fn missing_variables(&self, saved: &Saved) -> Option<String> {
        let is_missing = |name: &&String| !self.function.variables.iter().any(|(set, _)| set == *name);
        let missing: Vec<&str> = saved.variables.iter().filter(is_missing).map(String::as_str).collect();
        (!missing.is_empty()).then(|| missing.join(", "))
    }
}

/// Why a record was not run.
#[derive(Debug)]
pub enum NotRun {
    /// It is JSON, but no record.
    NoRecord,
    Wrong(String),
}

impl Runner {
    /// Must run on the event loop.
    ///
    /// # Errors
    /// The function cannot be run.
    pub fn new(function: RerunFunction, arguments: &RerunArguments) -> Result<Runner, ToolError> {
        let functions = Functions::new(function)?;
        let options = Options {
            init_limit: INIT_LIMIT,
            runtime_api_port: 0,
            invoke_api: None,
            faults: Faults::default(),
            limits: arguments.streaming.limits(),
            journal: Rc::new(Journal::open(None).map_err(|why| ToolError::Io("open the journal", why))?),
            hub: Rc::default(),
            is_quiet: true,
        };
        let platform = Platform::new(options).map_err(cannot_start)?;
        Ok(Runner { platform, functions, current: None })
    }

    /// Invokes the function with the event of the record. Takes as long as Init and the invocation do.
    ///
    /// # Errors
    /// The record names no handler, or the tool itself failed.
    pub async fn run(&mut self, saved: &Saved) -> Result<Ran, String> {
        let function = Rc::new(self.functions.of(saved)?);
        let is_other = |lambda: &Lambda| {
            let current = lambda.function();
            (&current.handler, &current.name, &current.task_root)
                != (&function.handler, &function.name, &function.task_root)
        };
        if self.current.as_ref().is_some_and(is_other) {
            self.end().await;
        }
        let lambda = match &mut self.current {
            Some(lambda) => lambda,
            none => {
                let lambda = Lambda::new(&self.platform, function.clone()).await;
                none.insert(lambda.map_err(|why| cannot_start(why).to_string())?)
            }
        };
        let (invocation, mut stream) = invocation(saved, &function);
        let outcome = stream.collect_during(lambda.invoke(invocation.clone(), false)).await;
        let answer = answer(&invocation.request_id, &outcome, stream);
        lambda.finish_invocation(&invocation.request_id, &outcome).await;
        let record = self.platform.hub.records().pop();
        let log = record.map_or_else(Vec::new, |record| record.log.lines.clone());
        Ok(Ran { answer, log, function })
    }

    /// From now on the function's log goes to what comes of each record, and not to stderr.
    pub fn hide_log(&self) {
        self.platform.hub.keep_records();
        self.platform.console.hide_logs();
    }

    /// Ends the execution environment.
    pub async fn end(&mut self) {
        if let Some(mut lambda) = self.current.take() {
            lambda.shut_down("the records are done").await;
        }
    }
}

fn cannot_start(why: std::io::Error) -> ToolError {
    ToolError::Io("start a local Lambda", why)
}

/// Reads a record.
///
/// # Errors
/// It cannot be run.
pub fn read(path: &Path) -> Result<Saved, NotRun> {
    saved::read(path).map_err(|why| match why {
        Unusable::NoRecord => NotRun::NoRecord,
        Unusable::Wrong(why) => NotRun::Wrong(why),
    })
}

/// Writes the answer into the record's file. If that is a link, into what it leads to.
///
/// # Errors
/// Why that cannot be done. The file is as it was then.
pub fn write(path: &Path, saved: &Saved, ran: &Ran, arguments: &RerunArguments) -> Result<(), String> {
    let redaction = arguments.redaction.of(ran.function.variables.iter());
    let text = update::updated(saved, &ran.answer, &arguments.ignore, redaction.as_ref());
    let written = path.canonicalize().and_then(|path| recorder::rewrite(&path, text.as_bytes()));
    written.map_err(|why| format!("it cannot be updated: {why}"))
}

/// What the record says, as far as it can be said again. The values of variables return to where they were taken out.
fn invocation(saved: &Saved, function: &Function) -> (Rc<Invocation>, Stream) {
    let (sender, parts) = streaming::channel();
    let context = &saved.context;
    let is_streamed = saved.expected.streamed.is_some();
    let client_context = context.client_context.as_ref();
    let invocation = Invocation {
        request_id: saved.request_id.clone().unwrap_or_else(ids::uuid),
        source: Source::Replay,
        event: saved.event_with(&function.variables),
        function_arn: context.function_arn.clone().unwrap_or_else(|| function.arn(None)),
        trace_id: context.trace_id.clone().unwrap_or_else(ids::trace_id),
        client_context: client_context.map(|json| Bytes::from(json.get().to_owned())),
        tenant_id: context.tenant_id.clone(),
        stream: is_streamed.then_some(sender),
    };
    (Rc::new(invocation), Stream { parts, head: None, bytes: Vec::new() })
}

/// A response that comes as a stream.
struct Stream {
    parts: PartReceiver,
    /// None: it has not begun.
    head: Option<Option<String>>,
    bytes: Vec<u8>,
}

impl Stream {
    async fn collect_during<T>(&mut self, invoking: impl Future<Output = T>) -> T {
        tokio::pin!(invoking);
        let outcome = loop {
            tokio::select! {
                biased;
                Some(part) = self.parts.recv() => self.add(part),
                outcome = &mut invoking => break outcome,
            }
        };
        while let Ok(part) = self.parts.try_recv() {
            self.add(part); // it came just before the end
        }
        outcome
    }

    fn add(&mut self, part: Part) {
        match part {
            Part::Head { content_type } => self.head = Some(content_type),
            Part::Bytes(bytes) => self.bytes.extend_from_slice(&bytes),
        }
    }
}

fn answer(request_id: &str, outcome: &Outcome, stream: Stream) -> Answer {
    let failure = outcome.failure();
    let error = failure.map(|failure| error_json(&failure.body(request_id), failure.error_type()));
    let Stream { head, bytes, .. } = stream;
    let body = match (&head, &outcome.result) {
        (Some(_), _) => Some(Body::new(&bytes, true)),
        (None, Ok(Response::Whole { body, .. })) => Some(Body::new(body, false)),
        (None, Ok(Response::Streamed) | Err(_)) => None,
    };
    Answer { body, streamed: head, error }
}

/// A value in one line. A long one is cut.
pub fn shown(json: Option<&str>) -> String {
    let Some(json) = json else { return "nothing".to_owned() };
    let text = printable(json);
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), json.len()),
        None => text,
    }
}
