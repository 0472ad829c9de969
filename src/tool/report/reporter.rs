//! Reports what happens: to the user on stderr, and to test suites in the journal.

use super::console::{Console, Source};
use super::history::Hub;
use super::journal::Journal;
use super::logs::Logs;
use super::observer::Observer;
use super::timeline::{self, Step, Steps, Style};
use crate::model::environment::Environment;
use crate::model::failure::Failure;
use crate::model::function::Function;
use crate::model::invocation::{Invocation, Outcome};
use crate::model::streaming::StreamCopy;
use crate::model::time::ms;
use serde_json::json;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Reports what happens in one execution environment after another, in that order.
pub struct Reporter {
    pub journal: Rc<Journal>,
    pub logs: Rc<Logs>,
    observer: Rc<Observer>,
    /// None: no timeline is shown.
    steps: Option<Rc<Steps>>,
    style: Style,
    memory_mb: u32,
    _tasks: JoinSet<()>,
}

impl Reporter {
    /// Starts passing on the function's log, until it is dropped.
    ///
    /// # Errors
    /// Pipes cannot be made.
    pub fn new(
        journal: Rc<Journal>,
        hub: Rc<Hub>,
        console: &Rc<Console>,
        is_quiet: bool,
        function: &Rc<Function>,
    ) -> io::Result<Reporter> {
        let observer = Rc::new(Observer::new(hub, function.clone()));
        let logs = Logs::new(console, observer.clone(), &function.name)?;
        let steps = (!is_quiet).then(Steps::new).transpose()?.map(Rc::new);
        let (mut tasks, passing) = (JoinSet::new(), logs.clone());
        tasks.spawn_local(async move { passing.run().await });
        if let Some(steps) = steps.clone() {
            tasks.spawn_local(async move { steps.run().await });
        }
        let (style, memory_mb) = (Style::of_stderr(), function.memory_mb);
        Ok(Reporter { journal, logs, observer, steps, style, memory_mb, _tasks: tasks })
    }

    /// The path to which bootstrap writes its steps.
    pub fn timeline_path(&self) -> Option<String> {
        self.steps.as_ref().map(|steps| steps.path())
    }

    pub fn has_timeline(&self) -> bool {
        self.steps.is_some()
    }

    /// Passes on what the environment has logged so far.
    pub fn pass_on_log(&self) {
        self.logs.pass_on();
    }

    /// Writes a line of the tool to stderr.
    pub fn say(&self, line: &str) {
        self.logs.say(&format!("open-runtime: {line}"));
    }

    pub fn spawned(&self, environment: &Environment) {
        let (number, pid) = (environment.number, environment.pid.get());
        self.journal.note("spawned", || json!({"environment": number, "pid": pid}));
        self.observer.environment_started(number);
    }

    pub fn init_ended(&self, environment: &Environment, failure: Option<&Failure>) {
        let (number, ms) = (environment.number, ms(environment.age()));
        let error = failure.map(Failure::error_type);
        self.journal.note("init", || json!({"environment": number, "error": error, "ms": ms}));
        self.observer.init_ended(ms, error);
    }

    /// To be called when no process of the environment is left.
    pub fn environment_over(&self, environment: &Environment) {
        let number = environment.number;
        self.journal.note("environment-over", || json!({"environment": number}));
        for (request_id, outcome) in self.observer.unfinished() {
            let steps = self.steps.as_ref().map_or_else(Vec::new, |steps| steps.take(Some(&request_id)));
            self.logs.pass_on();
            self.observer.ended(&request_id, &outcome, &steps);
        }
        self.observer.environment_ended(number);
    }

    /// Shows the timeline of an Init that is a phase of its own, not part of an invocation. If the code has changed, its title
    /// says so.
    pub fn show_init(&self, cause: Option<&str>, duration: Duration, failure: Option<&Failure>) {
        let steps = self.take_steps(None);
        self.observer.init_steps(&steps);
        if self.has_timeline() {
            self.logs.say(&timeline::init(self.style, cause, &steps, duration, failure));
        }
    }

    pub fn begin_invocation(&self, invocation: &Rc<Invocation>) {
        self.logs.begin(format!("START RequestId: {} Version: $LATEST\n", invocation.request_id));
        self.observer.began(invocation);
    }

    /// To be called before the runtime is given the invocation. Returns where a response that is streamed is to be kept,
    /// too.
    pub fn dispatching(&self, request_id: &str, deadline_ms: i64) -> Option<Rc<StreamCopy>> {
        self.observer.dispatched(request_id, deadline_ms)
    }

    /// To be called when the caller has its answer.
    pub fn answered(&self, request_id: &str, outcome: &Outcome) {
        self.observer.answered(request_id, outcome);
    }

    pub fn invocation_ended(&self, request_id: &str, outcome: &Outcome) {
        let error = outcome.failure().map(Failure::error_type);
        let ms = ms(outcome.duration);
        self.journal.note("invocation", || json!({"requestId": request_id, "error": error, "ms": ms}));
        let steps = self.take_steps(Some(request_id));
        self.logs.pass_on();
        self.observer.ended(request_id, outcome, &steps);
        if self.has_timeline() {
            let lines = timeline::invocation(self.style, &steps, request_id, outcome, self.memory_mb);
            self.logs.say(&lines);
        }
    }

    /// The last 4 KB of the current invocation's log, for `X-Amz-Log-Result`.
    pub fn log_tail(&self, request_id: &str, outcome: &Outcome) -> Vec<u8> {
        self.logs.tail(&last_lines(request_id, outcome, self.memory_mb))
    }

    fn take_steps(&self, request_id: Option<&str>) -> Vec<Step> {
        let steps = self.steps.as_ref();
        let steps = steps.map_or_else(Vec::new, |steps| steps.take(request_id));
        for Step { step, name, ms, .. } in &steps {
            self.journal.note("step", || json!({"requestId": request_id, "step": step, "name": name, "ms": ms}));
        }
        steps
    }
}

/// The lines with which an invocation ends in Lambda's log. Since August 2025 Lambda bills Init, too.
fn last_lines(request_id: &str, outcome: &Outcome, memory_mb: u32) -> String {
    let error = match outcome.failure() {
        Some(failure) if !failure.is_reported() => {
            let (reason, error_type) = (failure.reason(), failure.error_type());
            format!("RequestId: {request_id} Error: {reason}\n{error_type}\n")
        }
        Some(_) | None => String::new(),
    };
    let init = outcome.cold_start.map(ms);
    let duration = ms(outcome.duration) + outcome.init.map_or(0.0, ms);
    let billed = (duration + init.unwrap_or(0.0)).ceil();
    let memory = outcome.memory_kb.map(|kb| kb.div_ceil(1024));
    let memory = memory.map_or(String::new(), |mb| format!("Max Memory Used: {mb} MB\t"));
    let init = init.map_or(String::new(), |ms| format!("Init Duration: {ms:.2} ms\t"));
    format!(
        "{error}END RequestId: {request_id}\n\
         REPORT RequestId: {request_id}\tDuration: {duration:.2} ms\t\
         Billed Duration: {billed:.0} ms\tMemory Size: {memory_mb} MB\t{memory}{init}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::invocation::Response;

    fn outcome(result: Result<Response, Failure>) -> Outcome {
        Outcome { result, duration: Duration::from_micros(1500), init: None, cold_start: None, memory_kb: Some(2000) }
    }

    #[test]
    fn the_last_lines_are_lambdas() {
        let mut cold = outcome(Ok(Response::Streamed));
        cold.cold_start = Some(Duration::from_millis(100));
        let report = "REPORT RequestId: id\tDuration: 1.50 ms\tBilled Duration: 102 ms\t\
                      Memory Size: 128 MB\tMax Memory Used: 2 MB\tInit Duration: 100.00 ms\t\n";
        let expected = format!("END RequestId: id\n{report}");
        assert_eq!(last_lines("id", &cold, 128), expected);
    }

    #[test]
    fn they_have_a_failure_that_the_function_could_not_log() {
        let late = outcome(Err(Failure::Timeout(Duration::from_secs(3))));
        let expected = "RequestId: id Error: Task timed out after 3.00 seconds\nSandbox.Timedout\nEND";
        assert!(last_lines("id", &late, 128).starts_with(expected));
    }
}
