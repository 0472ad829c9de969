// A handler in Rust: the event is STDIN, the response STDOUT, and stderr the log. rustc -O -o hello hello.rs
use std::io::{self, Read};

fn main() -> io::Result<()> {
    let mut event = String::new();
    io::stdin().read_to_string(&mut event)?;
    eprintln!("the event has come");
    println!("{{\"bytes\":{}}}", event.trim_end().len());
    Ok(())
}
