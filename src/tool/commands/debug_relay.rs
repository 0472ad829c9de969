//! `open-runtime debug-relay`: functions and debuggers connect to it, and it connects them with each other.

use crate::event_loop::{run_local, stop_signal};
use crate::relay::Relay;
use crate::tool_error::ToolError;
use clap::Args;
use std::net::IpAddr;
use std::process::ExitCode;

pub const HELP: &str = "\
Anyone who can reach either port while a function is debugged can run code in that function, or pretend
to be one. Let only the function and yourself reach them. The relay does not encrypt. Debuggers of
Node.js need the token in the URL that is printed. Requests that a web page may have sent are refused.

Try it with:
  open-runtime debug-relay --function-port 4444
";

/// The command line.
#[derive(Args)]
pub struct RelayArguments {
    /// Port for debuggers; 0 lets the kernel choose
    #[arg(long, value_name = "P", default_value_t = 9999)]
    port: u16,

    /// Port for functions. Their events name it; 0 lets the kernel choose
    #[arg(long, value_name = "P", default_value_t = 4444)]
    function_port: u16,

    /// Address for debuggers
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    host: IpAddr,

    /// A name by which debuggers may reach this machine, besides IP addresses and localhost
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,

    /// Address for functions
    #[arg(long, value_name = "ADDRESS", default_value = "0.0.0.0")]
    function_host: IpAddr,
}

/// Relays until SIGINT or SIGTERM.
///
/// # Errors
/// It cannot listen.
pub fn run(arguments: RelayArguments) -> Result<ExitCode, ToolError> {
    run_local(async {
        let stop = stop_signal()?;
        let for_debuggers = (arguments.host, arguments.port).into();
        let for_functions = (arguments.function_host, arguments.function_port).into();
        let relay = Relay::listen(for_debuggers, for_functions, arguments.allow_host).await?;
        eprintln!("open-runtime: functions connect to {}\n{}", relay.for_functions(), relay.instructions());
        tokio::select! {
            () = relay.serve(false) => {}
            () = stop => {}
        }
        Ok(ExitCode::SUCCESS)
    })
}
