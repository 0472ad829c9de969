//! The states of a runtime and of an extension in Lambda's APIs, and which request leads from one to another.
//!
//! Source: the behaviour of AWS's Runtime Interface Emulator, and
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>.

/// The request is not allowed in the state `from`. `to` is the state to which it leads.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAllowed {
    pub from: &'static str,
    pub to: &'static str,
}

/// The state of the runtime, which is bootstrap, in the Runtime API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuntimeState {
    /// In Init: it has not yet asked for an invocation.
    Started,
    /// It has posted an Init error, and can only exit.
    InitError,
    /// It is at the end of Init, and waits until it has been restored from a snapshot.
    RestoreReady,
    /// It has been restored, and has not yet asked for an invocation.
    Restored,
    /// It has posted that a hook failed after that, and can only exit.
    RestoreError,
    /// It waits for an invocation.
    Ready,
    /// It has an invocation to answer.
    Running,
    /// Its response comes as a stream.
    Streaming,
    /// It has answered, and has not asked for the next invocation.
    ResponseSent,
}

impl RuntimeState {
    fn name(self) -> &'static str {
        match self {
            RuntimeState::Started => "Started",
            RuntimeState::InitError => "InitError",
            RuntimeState::RestoreReady => "RestoreReady",
            RuntimeState::Restored => "Restoring",
            RuntimeState::RestoreError => "RestoreError",
            RuntimeState::Ready => "Ready",
            RuntimeState::Running => "Running",
            RuntimeState::Streaming => "InvocationResponse",
            RuntimeState::ResponseSent => "ResponseSent",
        }
    }

    /// It asks for an invocation. If it has not answered the last one, it gets that one again.
    pub fn asked_for_next(self) -> Result<RuntimeState, NotAllowed> {
        match self {
            RuntimeState::Started | RuntimeState::Restored => Ok(RuntimeState::Ready),
            RuntimeState::Ready | RuntimeState::ResponseSent => Ok(RuntimeState::Ready),
            RuntimeState::Running => Ok(RuntimeState::Running),
            RuntimeState::InitError | RuntimeState::Streaming => Err(self.not_allowed("Ready")),
            RuntimeState::RestoreReady | RuntimeState::RestoreError => Err(self.not_allowed("Ready")),
        }
    }

    /// It begins to stream its response. If the stream breaks, it stays in this state: Lambda then takes nothing more.
    pub fn began_response(self) -> Result<RuntimeState, NotAllowed> {
        match self {
            RuntimeState::Running => Ok(RuntimeState::Streaming),
            _ => Err(self.not_allowed("InvocationResponse")),
        }
    }

    /// It answers. `to` is the state's name for this kind of answer.
    pub fn answered(self, to: &'static str) -> Result<RuntimeState, NotAllowed> {
        match self {
            RuntimeState::Running => Ok(RuntimeState::ResponseSent),
            _ => Err(self.not_allowed(to)),
        }
    }

    pub fn init_failed(self) -> Result<RuntimeState, NotAllowed> {
        match self {
            RuntimeState::Started => Ok(RuntimeState::InitError),
            _ => Err(self.not_allowed("InitError")),
        }
    }

    pub fn asked_for_restore(self) -> Result<RuntimeState, NotAllowed> {
        match self {
            RuntimeState::Started => Ok(RuntimeState::RestoreReady),
            _ => Err(self.not_allowed("RestoreReady")),
        }
    }

    pub fn restore_failed(self) -> Result<RuntimeState, NotAllowed> {
        match self {
            RuntimeState::Restored => Ok(RuntimeState::RestoreError),
            _ => Err(self.not_allowed("RestoreError")),
        }
    }

    fn not_allowed(self, to: &'static str) -> NotAllowed {
        NotAllowed { from: self.name(), to }
    }
}

/// The state of an extension in the Extensions API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExtensionState {
    /// It is external, and has not registered yet.
    Started,
    Registered,
    /// It waits for an event.
    Ready,
    /// It has an event.
    Running,
    InitError,
    ExitError,
}

impl ExtensionState {
    /// Lambda's name for it.
    pub fn name(self) -> &'static str {
        match self {
            ExtensionState::Started => "Started",
            ExtensionState::Registered => "Registered",
            ExtensionState::Ready => "Ready",
            ExtensionState::Running => "Running",
            ExtensionState::InitError => "InitError",
            ExtensionState::ExitError => "ExitError",
        }
    }

    pub fn registered(self) -> Result<ExtensionState, NotAllowed> {
        match self {
            ExtensionState::Started => Ok(ExtensionState::Registered),
            _ => Err(self.not_allowed("Registered")),
        }
    }

    pub fn asked_for_next(self) -> Result<ExtensionState, NotAllowed> {
        match self {
            ExtensionState::Registered | ExtensionState::Running => Ok(ExtensionState::Ready),
            _ => Err(self.not_allowed("Ready")),
        }
    }

    pub fn init_failed(self) -> Result<ExtensionState, NotAllowed> {
        match self {
            ExtensionState::Registered | ExtensionState::InitError => Ok(ExtensionState::InitError),
            _ => Err(self.not_allowed("InitError")),
        }
    }

    pub fn exit_failed(self) -> Result<ExtensionState, NotAllowed> {
        match self {
            ExtensionState::Started | ExtensionState::InitError => Err(self.not_allowed("ExitError")),
            _ => Ok(ExtensionState::ExitError),
        }
    }

    fn not_allowed(self, to: &'static str) -> NotAllowed {
        NotAllowed { from: self.name(), to }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_an_invocation_the_runtime_is_ready_again() {
        let ready = RuntimeState::Started.asked_for_next();
        assert_eq!(ready, Ok(RuntimeState::Ready));
        assert_eq!(RuntimeState::Running.answered("InvocationResponse"), Ok(RuntimeState::ResponseSent));
        assert_eq!(RuntimeState::ResponseSent.asked_for_next(), Ok(RuntimeState::Ready));
    }

    #[test]
    fn a_second_answer_is_refused() {
        let refusal = NotAllowed { from: "ResponseSent", to: "InvocationResponse" };
        assert_eq!(RuntimeState::ResponseSent.answered("InvocationResponse"), Err(refusal));
    }

    #[test]
    fn while_a_response_is_streamed_nothing_else_is_allowed() {
        let streaming = RuntimeState::Running.began_response().unwrap();
        assert!(streaming.asked_for_next().is_err() && streaming.began_response().is_err());
        let refusal = NotAllowed { from: "InvocationResponse", to: "InvocationErrorResponse" };
        assert_eq!(streaming.answered("InvocationErrorResponse"), Err(refusal));
    }

    #[test]
    fn an_init_error_is_allowed_in_init_only_and_is_final() {
        assert_eq!(RuntimeState::Started.init_failed(), Ok(RuntimeState::InitError));
        assert!(RuntimeState::Ready.init_failed().is_err());
        assert!(RuntimeState::InitError.asked_for_next().is_err());
    }

    #[test]
    fn a_snapshot_is_restored_once_between_init_and_the_first_invocation() {
        let waits = RuntimeState::Started.asked_for_restore();
        assert_eq!(waits, Ok(RuntimeState::RestoreReady));
        assert!(
            RuntimeState::RestoreReady.asked_for_next().is_err() && RuntimeState::RestoreReady.init_failed().is_err()
        );
        assert_eq!(RuntimeState::Restored.asked_for_next(), Ok(RuntimeState::Ready));
        assert_eq!(RuntimeState::Restored.restore_failed(), Ok(RuntimeState::RestoreError));
        assert!(RuntimeState::Ready.asked_for_restore().is_err() && RuntimeState::Started.restore_failed().is_err());
    }

    #[test]
    fn an_extension_asks_once_per_event() {
        assert_eq!(ExtensionState::Started.registered(), Ok(ExtensionState::Registered));
        assert!(ExtensionState::Registered.registered().is_err() && ExtensionState::Started.asked_for_next().is_err());
        assert_eq!(ExtensionState::Registered.asked_for_next(), Ok(ExtensionState::Ready));
        assert!(ExtensionState::Ready.asked_for_next().is_err());
        assert_eq!(ExtensionState::Running.asked_for_next(), Ok(ExtensionState::Ready));
    }
}
