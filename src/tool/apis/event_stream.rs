//! Messages of `application/vnd.amazon.eventstream`, in which a streamed response goes to its caller.
//!
//! A message is: its length, the length of its headers, the CRC-32 of these 8 bytes, headers, payload, the CRC-32 of all
//! before. Numbers have 4 bytes, the first of which is the most significant.
//!
//! Source: <https://docs.aws.amazon.com/lexv2/latest/dg/event-stream-encoding.html>

use bytes::Bytes;

pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// The type of a header's value: a string.
const STRING: u8 = 7;

/// A part of the response.
pub fn payload_chunk(bytes: &[u8]) -> Bytes {
    message("PayloadChunk", "application/octet-stream", bytes)
}

/// The end of the response, with JSON.
pub fn invoke_complete(json: &str) -> Bytes {
    message("InvokeComplete", "application/json", json.as_bytes())
}

fn message(event_type: &str, content_type: &str, payload: &[u8]) -> Bytes {
    let mut headers = Vec::with_capacity(128);
    for (name, value) in [(":message-type", "event"), (":event-type", event_type), (":content-type", content_type)] {
        headers.push(u8::try_from(name.len()).unwrap_or(u8::MAX)); // all are short
        headers.extend_from_slice(name.as_bytes());
        headers.push(STRING);
        headers.extend_from_slice(&u16::try_from(value.len()).unwrap_or(u16::MAX).to_be_bytes());
        headers.extend_from_slice(value.as_bytes());
    }
    let length = 16 + headers.len() + payload.len();
    let mut message = Vec::with_capacity(length);
    message.extend_from_slice(&number(length));
    message.extend_from_slice(&number(headers.len()));
    message.extend_from_slice(&crc32(&message).to_be_bytes());
    message.extend_from_slice(&headers);
    message.extend_from_slice(payload);
    message.extend_from_slice(&crc32(&message).to_be_bytes());
    message.into()
}

/// Payloads are parts of a response, far below 4 GB.
fn number(length: usize) -> [u8; 4] {
    u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes()
}

/// The CRC-32 of zlib and Ethernet.
fn crc32(bytes: &[u8]) -> u32 {
    let next = |crc: u32, byte: &u8| TABLE[usize::from(crc as u8 ^ byte)] ^ (crc >> 8);
    !bytes.iter().fold(!0, next)
}

static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        let (mut crc, mut bit) = (index as u32, 0);
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[index] = crc;
        index += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_that_of_zlib() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn a_message_has_lengths_and_sums() {
        let message = payload_chunk(b"abc");
        let number = |at: usize| u32::from_be_bytes(message[at..at + 4].try_into().unwrap());
        assert_eq!(number(0) as usize, message.len());
        assert_eq!(number(4) as usize, message.len() - 16 - 3);
        assert_eq!(number(8), crc32(&message[..8]));
        let end = message.len() - 4;
        assert_eq!((number(end), &message[end - 3..end]), (crc32(&message[..end]), &b"abc"[..]));
    }
}
