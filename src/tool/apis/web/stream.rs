//! A response that goes to the client of a function URL as it comes.

use super::answers::Trouble;
use super::response;
use crate::apis::queue::{InvokeResult, Next, StreamCaller};
use crate::http::reply::{NoAnswer, Reply};
use crate::model::invocation::Response;
use crate::model::prelude::{self, Split, Splitter};
use crate::model::streaming::Part;
use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::CONTENT_TYPE;
use tokio::sync::mpsc;
use tokio::task::spawn_local;

/// The answer begins when the response does.
///
/// # Errors
/// The function failed before that, or its head is not right.
pub async fn answer(mut caller: StreamCaller) -> Result<Reply, Trouble> {
    match caller.next().await {
        Next::Part(Part::Head { content_type }) if prelude::is_announced(content_type.as_deref()) => {
            with_head(caller).await
        }
        Next::Part(Part::Head { content_type }) => {
            let content_type = content_type.as_deref().unwrap_or(response::BYTES);
            Ok(in_parts(Bytes::new(), caller).with(CONTENT_TYPE, content_type))
        }
        Next::Part(Part::Bytes(_)) => Err(Trouble::Failed), // the head comes first
        Next::End(answered) => match answered.map(|answered| answered.result) {
            Some(Ok(Response::Whole { body, content_type })) => {
                let content_type = content_type.as_deref().unwrap_or(response::BYTES);
                Ok(Reply::new(StatusCode::OK, body).with(CONTENT_TYPE, content_type))
            }
            Some(Ok(Response::Streamed) | Err(_)) | None => Err(Trouble::Failed),
        },
    }
}

async fn with_head(mut caller: StreamCaller) -> Result<Reply, Trouble> {
    let mut splitter = Splitter::default();
    let split = loop {
        let found = match caller.next().await {
            Next::Part(Part::Bytes(bytes)) => splitter.add(&bytes),
            Next::Part(Part::Head { .. }) => Ok(None),
            Next::End(Some(InvokeResult { result: Err(_), .. })) => return Err(Trouble::Failed),
            Next::End(_) => Err("it ended before the end of its head".to_owned()),
        };
        if let Some(split) = found.map_err(Trouble::Malformed)? {
            break split;
        }
    };
    let Split { head, body } = split;
    response::streamed(in_parts(body.into(), caller), &head).map_err(Trouble::Malformed)
}

/// An answer whose body comes from the function, after these bytes. If the function fails, the connection breaks.
fn in_parts(first: Bytes, caller: StreamCaller) -> Reply {
    let (parts, body) = mpsc::channel(1);
    spawn_local(send_body(first, caller, parts));
    Reply::in_parts(StatusCode::OK, body)
}

async fn send_body(first: Bytes, mut caller: StreamCaller, parts: mpsc::Sender<Result<Bytes, NoAnswer>>) {
    let mut part = Some(Ok(first));
    while let Some(bytes) = part {
        let is_empty = bytes.as_ref().is_ok_and(Bytes::is_empty); // an empty chunk would be the end
        if !is_empty && parts.send(bytes).await.is_err() {
            return; // the client has hung up
        }
        part = match caller.next().await {
            Next::Part(Part::Bytes(bytes)) => Some(Ok(bytes)),
            Next::Part(Part::Head { .. }) => Some(Ok(Bytes::new())),
            Next::End(Some(InvokeResult { result: Ok(_), .. })) => None,
            Next::End(_) => {
                let _ = parts.send(Err(NoAnswer)).await; // the client may have hung up
                None
            }
        };
    }
}
