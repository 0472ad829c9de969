//! The function's log: what bootstrap and the processes below it write to STDOUT and STDERR. It is passed on to our
//! stderr.
//!
//! While one execution environment runs, every byte is passed on as it comes. While several run, whole lines are, and
//! each begins with the number of its environment: `[2] `, or `[NAME 2] ` if the function has a name of its own. External
//! extensions have a pipe of their own, of which whole lines are passed on.
//!
//! Every line goes to the environment's telemetry, too.

use super::console::{Console, Source};
use super::lines::Lines;
use super::observer::Observer;
use crate::model::arguments::DEFAULT_NAME;
use crate::model::environment::Environment;
use crate::model::telemetry::Category;
use crate::os::pipe::Pipe;
use std::cell::{Cell, RefCell};
use std::io;
use std::process::Stdio;
use std::rc::Rc;

/// The most that `X-Amz-Log-Result` holds, in bytes before base64.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax>
const TAIL: usize = 4096;

/// A line with more bytes than this is passed on in parts.
const MAX_LINE: usize = 64 * 1024;

/// The log of one execution environment after another.
pub struct Logs {
    pipe: Pipe,
    /// The log of external extensions.
    extensions: Pipe,
    console: Rc<Console>,
    observer: Rc<Observer>,
    /// The function's name, unless it is the default one.
    function: Option<String>,
    /// The number of the environment, and whether it runs.
    environment: Cell<u64>,
    present: RefCell<Option<Rc<Environment>>>,
    function_lines: Lines,
    extension_lines: Lines,
    is_running: Cell<bool>,
    /// The end of the current invocation's log.
    tail: RefCell<Vec<u8>>,
    /// The beginning of a line, which waits for its end.
    partial: RefCell<Vec<u8>>,
}

impl Logs {
    /// # Errors
    /// A pipe cannot be made.
    pub fn new(console: &Rc<Console>, observer: Rc<Observer>, function: &str) -> io::Result<Rc<Logs>> {
        let function = Some(function).filter(|name| *name != DEFAULT_NAME).map(str::to_owned);
        let (environment, is_running) = (Cell::new(0), Cell::new(false));
        let (tail, partial) = (RefCell::default(), RefCell::default());
        let (pipe, extensions, console) = (Pipe::new()?, Pipe::new()?, console.clone());
        let logs = Rc::new(Logs {
            pipe,
            extensions,
            console,
            observer,
            function,
            environment,
            present: RefCell::default(),
            function_lines: Lines::default(),
            extension_lines: Lines::default(),
            is_running,
            tail,
            partial,
        });
        let source: Rc<dyn Source> = logs.clone();
        logs.console.add(Rc::downgrade(&source));
        Ok(logs)
    }

    pub fn for_child(&self) -> io::Result<Stdio> {
        self.pipe.for_child()
    }

    /// For an external extension.
    pub fn for_extension(&self) -> io::Result<Stdio> {
        self.extensions.for_child()
    }

    /// What comes from now on is of this environment.
    pub fn environment_begins(&self, environment: &Rc<Environment>) {
        self.environment_ends();
        self.environment.set(environment.number);
        *self.present.borrow_mut() = Some(environment.clone());
        self.is_running.set(true);
        self.console.begins_one();
    }

    /// To be called when none of its processes is left.
    pub fn environment_ends(&self) {
        self.pass_on();
        self.function_lines.rest(|line| self.tell(Category::Function, line));
        self.extension_lines.rest(|line| self.take_extension_line(line));
        self.end_line();
        self.observer.end_line();
        *self.present.borrow_mut() = None;
        if self.is_running.replace(false) {
            self.console.ends_one();
        }
    }

    fn take_of_extensions(&self, bytes: &[u8]) {
        self.extension_lines.add(bytes, |line| self.take_extension_line(line));
    }

    fn take_extension_line(&self, line: &[u8]) {
        self.tell(Category::Extension, line);
        let mut whole = line.to_vec();
        whole.push(b'\n');
        self.add_to_tail(&whole);
        self.observer.log(&whole);
        self.end_line();
        self.write(&whole);
    }

    fn is_told(&self) -> bool {
        self.present.borrow().as_ref().is_some_and(|environment| environment.telemetry.is_wanted())
    }

    fn tell(&self, category: Category, line: &[u8]) {
        if let Some(environment) = &*self.present.borrow() {
            environment.telemetry.line(category, line, environment.function.logs_json());
        }
    }

    fn take(&self, bytes: &[u8]) {
        if self.is_told() {
            self.function_lines.add(bytes, |line| self.tell(Category::Function, line));
        }
        self.add_to_tail(bytes);
        self.observer.log(bytes);
        let mut partial = self.partial.borrow_mut();
        if !self.has_neighbours() && partial.is_empty() {
            return self.write(bytes);
        }
        partial.extend_from_slice(bytes);
        let whole = match partial.iter().rposition(|byte| *byte == b'\n') {
            _ if !self.has_neighbours() => partial.len(),
            Some(end) => end + 1,
            None if partial.len() > MAX_LINE => partial.len(),
            None => 0,
        };
        let lines: Vec<u8> = partial.drain(..whole).collect();
        self.write(&lines);
    }

    /// True if another environment runs.
    fn has_neighbours(&self) -> bool {
        self.console.running() > usize::from(self.is_running.get())
    }

    fn write(&self, bytes: &[u8]) {
        let source = Some(self.environment.get());
        if bytes.is_empty() || !self.has_neighbours() {
            return self.console.write(source, bytes);
        }
        let number = self.environment.get();
        let mark = self.function.as_ref().map_or_else(|| format!("[{number}] "), |name| format!("[{name} {number}] "));
        let mut marked = Vec::with_capacity(bytes.len() + 64);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            marked.extend_from_slice(mark.as_bytes());
            marked.extend_from_slice(line);
        }
        if !marked.ends_with(b"\n") {
            marked.push(b'\n');
        }
        self.console.write(source, &marked);
    }

    /// A line without an end gets one.
    fn end_line(&self) {
        let mut rest = std::mem::take(&mut *self.partial.borrow_mut());
        if !rest.is_empty() {
            rest.push(b'\n');
            self.write(&rest);
        }
    }

    /// Passes on whatever is written, for ever.
    pub async fn run(&self) {
        let function = async { while self.pipe.next(|bytes| self.take(bytes)).await.is_ok() {} };
        let extensions = async { while self.extensions.next(|bytes| self.take_of_extensions(bytes)).await.is_ok() {} };
        tokio::join!(function, extensions);
    }

    /// Writes lines of the tool about this environment, after all that it has written so far. They begin on a new line.
    pub fn say(&self, lines: &str) {
        self.pass_on();
        self.end_line();
        if self.has_neighbours() {
            self.write(format!("{lines}\n").as_bytes());
        } else {
            self.console.write(None, format!("{lines}\n").as_bytes());
        }
    }

    /// Begins a new tail, with this line, for a new invocation.
    pub fn begin(&self, first_line: String) {
        self.pass_on();
        *self.tail.borrow_mut() = first_line.into_bytes();
    }

    /// The last 4 KB of the invocation's log, with these lines at its end.
    pub fn tail(&self, last_lines: &str) -> Vec<u8> {
        self.pass_on();
        let mut tail = self.tail.borrow().clone();
        if !tail.ends_with(b"\n") {
            tail.push(b'\n');
        }
        tail.extend_from_slice(last_lines.as_bytes());
        tail.split_off(tail.len().saturating_sub(TAIL))
    }

    fn add_to_tail(&self, bytes: &[u8]) {
        let mut tail = self.tail.borrow_mut();
        tail.extend_from_slice(bytes);
        let surplus = tail.len().saturating_sub(TAIL);
        tail.drain(..surplus);
    }
}

impl Source for Logs {
    /// Blocks while our stderr does.
    fn pass_on(&self) {
        self.pipe.drain(|bytes| self.take(bytes));
        self.extensions.drain(|bytes| self.take_of_extensions(bytes));
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        self.environment_ends();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logs_on(console: &Rc<Console>) -> Rc<Logs> {
        Logs::new(console, Rc::new(Observer::new(Rc::default(), Rc::default())), DEFAULT_NAME).unwrap()
    }

    #[tokio::test]
    async fn the_tail_holds_what_was_written_just_before() {
        let logs = logs_on(&Rc::default());
        logs.begin("START\n".to_owned());
        std::fs::write(logs.pipe.path(), "logged").unwrap(); // the event loop has had no turn since
        assert_eq!(logs.tail("END\n"), b"START\nlogged\nEND\n");
    }

    #[tokio::test]
    async fn the_tail_is_the_last_4_kb() {
        let logs = logs_on(&Rc::default());
        logs.add_to_tail(&[b'a'; 3000]);
        logs.add_to_tail(&[b'b'; 3000]);
        let tail = logs.tail.borrow();
        assert_eq!((tail.len(), tail[TAIL - 3001]), (TAIL, b'a'));
    }

    #[tokio::test]
    async fn beside_another_environment_a_line_waits_for_its_end() {
        let environment = |number| Rc::new(Environment::new(number, Rc::default(), ""));
        let console = Rc::default();
        let logs = [logs_on(&console), logs_on(&console)];
        logs[0].environment_begins(&environment(1));
        logs[0].take(b"at once");
        assert!(logs[0].partial.borrow().is_empty());
        logs[1].environment_begins(&environment(2));
        logs[1].take(b"one\ntw");
        assert_eq!(*logs[1].partial.borrow(), b"tw");
        logs[0].environment_ends();
        logs[1].take(b"o");
        assert!(logs[1].partial.borrow().is_empty());
    }
}
