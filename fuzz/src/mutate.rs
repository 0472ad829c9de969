//! Makes new inputs from old ones.

/// The maximum length of a new input, in bytes.
const LONGEST: usize = 8 << 10;

/// Words of JSON, HTTP and the protocol, which changes of single bytes seldom make.
const WORDS: [&[u8]; 56] = [
    b"{\"id\":\"r#0\",\"response\":",
    b"{\"id\":\"r#1\",\"response\":null}\n",
    b"{\"ready\":{\"protocol\":1}}\n",
    b"\"error\":{",
    b"\"errorType\":",
    b"\"errorMessage\":",
    b"\"stackTrace\":[",
    b"\"concurrency\":",
    b"Runtime.",
    b"Function.",
    b"Function.Timeout",
    b"null",
    b"true",
    b"1e999",
    b"-0.0",
    b"18446744073709551616",
    b"\\u0000",
    b"\\ud83d",
    b"\\ude00",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\n",
    b"\r",
    b"\r\n",
    b"\r\n\r\n",
    b"\0",
    b"\x1f",
    b"\x7f",
    b"\xff",
    b"\xc3",
    b"\xe2\x80\xa8",
    b"\xf0\x9f\x98\x80",
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.0 ",
    b"Content-Length: ",
    b"Transfer-Encoding: chunked\r\n",
    b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"Connection: close\r\n",
    b"Lambda-Runtime-Aws-Request-Id: ",
    b"Lambda-Runtime-Deadline-Ms: ",
    b"Lambda-Runtime-Client-Context: ",
    b"Location: /\r\n",
    b"_HANDLER=",
    b"SLSMIDDLEWARES=",
    b"SLSRUNTIME=",
    b"SLSGRACE=",
    b"../",
    b"sEcReT",
];

/// Pseudo-random numbers, the same for the same seed (xorshift64*).
pub struct Random(u64);

impl Random {
    /// The start of a sequence.
    pub fn new(seed: u64) -> Random {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `limit`, or 0.
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        number as usize % limit.max(1)
    }

    /// One of these.
    pub fn pick<'a, T: ?Sized>(&mut self, of: &'a [Box<T>]) -> Option<&'a T> {
        of.get(self.below(of.len())).map(|one| &**one)
    }
}

/// An input of the corpus, changed in one to eight places.
pub fn mutate(random: &mut Random, corpus: &[Box<[u8]>]) -> Vec<u8> {
    let mut input = random.pick(corpus).unwrap_or_default().to_vec();
    for _ in 0..1 << random.below(4) {
        let other = random.pick(corpus).unwrap_or_default();
        change(random, &mut input, other);
    }
    input.truncate(LONGEST);
    input
}

fn change(random: &mut Random, input: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(input.len() + 1);
    let to = at + random.below(32.min(input.len() - at) + 1);
    let repeated = input[at..to].repeat(1 << random.below(8));
    match random.below(10) {
        0 => flip(random, input, at),
        1 => drop(input.drain(at..to)),
        2 => insert(input, at, &[random.below(256) as u8]),
        3..=5 => insert(input, at, WORDS[random.below(WORDS.len())]),
        6 => insert(input, at, &repeated),
        7 => replace_number(random, input, at),
        8 => insert(input, at, &other[random.below(other.len())..]),
        _ => input.truncate(at),
    }
}

fn flip(random: &mut Random, input: &mut [u8], at: usize) {
    if let Some(byte) = input.get_mut(at) {
        *byte ^= 1 << random.below(8);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    input.splice(at..at, bytes.iter().copied());
}

/// Replaces the digits from `at` on with another number.
fn replace_number(random: &mut Random, input: &mut Vec<u8>, at: usize) {
    let digits = input[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = match random.below(3) {
        0 => random.below(16) as u64,
        1 => random.below(1 << 20) as u64,
        _ => u64::MAX >> random.below(64),
    };
    input.splice(at..at + digits, number.to_string().into_bytes());
}
