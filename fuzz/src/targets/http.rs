//! Any bytes as the answer of the Runtime API, through a real connection on this machine.
//!
//! Input: a line with the call (`next`, `register`, or else an error is reported), the size of the pieces that are sent at
//! once, and `open` if the connection stays open after them; then the bytes. All further answers are valid.

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use open_runtime::child::children::{Children, SharedChildren};
use open_runtime::child::launch::Launch;
use open_runtime::child::supervised::Supervised;
use open_runtime::error::{Fatal, InvocationError};
use open_runtime::lambda::runtime_api::{Next, RuntimeApi};
use open_runtime::log::{Level, Log};
use open_runtime::os::signals::Signals;

use crate::input::{SECRET, number, words_and_rest};
use crate::targets::headers::can_be_answered;

/// An open connection is closed after this long without a request.
const PATIENCE: Duration = Duration::from_millis(5);

/// The call ends without a panic, and each invocation that it returns was sent.
pub fn run(input: &[u8]) {
    let (words, answer) = words_and_rest(input);
    let world = world();
    let stays_open = words.get(2).is_some_and(|word| *word == b"open");
    *world.script() = Some(Script { answer: answer.to_vec(), piece: number(&words, 1, 4096), stays_open });
    let log = Log { level: Level::Error, ..Log::default() };
    let api = RuntimeApi::new(&world.address, world.signals, log).unwrap();
    let failure = match words.first().copied() {
        Some(b"next") => next(&api, world, answer),
        Some(b"register") => api.register(&world.children).err(),
        _ => api.fail_init(&InvocationError::Terminated).err(),
    };
    if let Some(failure) = failure {
        assert!(!failure.to_string().contains(SECRET), "{failure}");
    }
    *world.script() = None;
    let before = world.sound.load(Ordering::SeqCst);
    let again = api.fail_init(&InvocationError::Terminated);
    assert!(again.is_ok(), "a sound answer is understood, whatever came before: {again:?}");
    assert!(world.sound.load(Ordering::SeqCst) > before, "what was left of the answer before was taken for this one");
}

fn next(api: &RuntimeApi, world: &World, sent: &[u8]) -> Option<Fatal> {
    match api.next(&world.children) {
        Ok(Next::Invocation(invocation)) => {
            can_be_answered(&invocation);
            let id = invocation.request_id.as_bytes();
            assert!(id == b"sound" || sent.windows(id.len()).any(|part| part == id));
            None
        }
        Ok(Next::Terminated) => None,
        Err(failure) => Some(failure),
    }
}

/// The first answer of the Runtime API.
struct Script {
    answer: Vec<u8>,
    piece: usize,
    stays_open: bool,
}

/// The parts that all runs share: the Runtime API, and a silent language runtime.
struct World {
    address: String,
    signals: Signals,
    children: SharedChildren,
    script: Mutex<Option<Script>>,
    /// The number of valid answers that were sent.
    sound: AtomicU64,
}

impl World {
    fn script(&self) -> MutexGuard<'_, Option<Script>> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let signals = Signals::install().expect("signals");
        let launch =
            Launch { program: "/bin/cat".into(), handler: Some("-".to_owned()), variables: Vec::new(), wrapper: None };
        let log = Log { level: Level::Error, ..Log::default() };
        let runtime = Supervised::start(launch, None, signals, log).expect("cat");
        let children = SharedChildren::new(Children { all: vec![runtime], signals });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        thread::spawn(move || serve(&listener));
        World { address, signals, children, script: Mutex::default(), sound: AtomicU64::new(0) }
    })
}

fn serve(listener: &TcpListener) {
    for connection in listener.incoming().flatten() {
        let _ = answer_all(connection); // the peer may close the connection at any time
    }
}

fn answer_all(mut connection: TcpStream) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    connection.set_read_timeout(Some(PATIENCE))?;
    while let Some(head) = read_request(&mut connection)? {
        let is_parked = head.starts_with(b"GET") && !head.windows(11).any(|part| part == b"/invocation");
        let script = if is_parked { return Ok(()) } else { world().script().take() };
        let Some(script) = script else {
            world().sound.fetch_add(1, Ordering::SeqCst);
            connection.write_all(sound_answer(&head))?;
            continue;
        };
        for piece in script.answer.chunks(script.piece.max(script.answer.len() / 64)) {
            connection.write_all(piece)?;
        }
        if !script.stays_open {
            return Ok(());
        }
    }
    Ok(())
}

fn sound_answer(head: &[u8]) -> &'static [u8] {
    match head.starts_with(b"GET") {
        true => b"HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: sound\r\nContent-Length: 2\r\n\r\n{}",
        false => b"HTTP/1.1 202 Accepted\r\nLambda-Extension-Identifier: sound\r\nContent-Length: 0\r\n\r\n",
    }
}

/// The head of a request, after its body was read. `None` at the end of the connection.
fn read_request(connection: &mut TcpStream) -> std::io::Result<Option<Vec<u8>>> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let length = match connection.read(&mut piece) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            other => other?,
        };
        request.extend_from_slice(&piece[..length]);
        if length == 0 {
            return Ok(None);
        }
        if let Some(end) = request.windows(4).position(|part| part == b"\r\n\r\n")
            && request.len() >= end + 4 + body_length(&request[..end])
        {
            request.truncate(end);
            return Ok(Some(request));
        }
    }
}

fn body_length(head: &[u8]) -> usize {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    length.unwrap_or(0)
}
