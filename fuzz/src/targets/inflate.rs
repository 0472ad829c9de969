//! Decompression, compared with flate2.
//!
//! Input: a line with `packed`, `deflate`, or else a level of compression; then gzip or zlib, a stream of deflate, or
//! the bytes to compress.

use std::io::{Read, Write};

use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use flate2::{Compression, Decompress, FlushDecompress, Status};
use open_runtime::cloudevents::formats::inflate::unpack;

use crate::allocations::limited;
use crate::input::{number, words_and_rest};

/// The maximum number of unpacked bytes.
const LIMIT: usize = 1 << 16;

const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const ZLIB_HEADER: [u8; 2] = [0x78, 0x9c];

/// Data that flate2 packs or unpacks is unpacked to the same bytes, and data that it refuses is refused.
pub fn run(input: &[u8]) {
    let (words, rest) = words_and_rest(input);
    match words[0] {
        b"packed" => packed(rest),
        b"deflate" => deflate(rest),
        _ => unpacked(rest, number(&words, 0, 10) as u32 - 1),
    }
}

fn ours(packed: &[u8]) -> Option<Vec<u8>> {
    limited("decompression", packed.len() + LIMIT, || unpack(packed, LIMIT))
}

/// The CRC of gzip's header (flag 2) is left out, because bootstrap does not check it.
fn packed(packed: &[u8]) {
    if packed.starts_with(&[0x1f]) && packed.get(3).is_some_and(|flags| flags & 2 != 0) {
        return;
    }
    let mut expected = Vec::new();
    let limit = LIMIT as u64 + 1;
    let read = match packed.starts_with(&[0x1f]) {
        true => GzDecoder::new(packed).take(limit).read_to_end(&mut expected),
        false => ZlibDecoder::new(packed).take(limit).read_to_end(&mut expected),
    };
    let expected = Some(expected).filter(|expected| read.is_ok() && expected.len() <= LIMIT);
    assert_eq!(ours(packed), expected);
}

fn deflate(stream: &[u8]) {
    let mut expected = Vec::with_capacity(LIMIT);
    let mut reference = Decompress::new(false);
    let status = reference.decompress_vec(stream, &mut expected, FlushDecompress::Finish);
    let is_whole = matches!(status, Ok(Status::StreamEnd));
    let end = if is_whole { reference.total_in() as usize } else { stream.len() };
    let (gzip, zlib) = pack(&expected, 0);
    let expected = is_whole.then_some(expected);
    assert_eq!(ours(&[&GZIP_HEADER, &stream[..end], &gzip[gzip.len() - 8..]].concat()), expected);
    assert_eq!(ours(&[&ZLIB_HEADER, &stream[..end], &zlib[zlib.len() - 4..]].concat()), expected);
}

fn unpacked(bytes: &[u8], level: u32) {
    let (gzip, zlib) = pack(bytes, level);
    for packed in [gzip, zlib] {
        assert_eq!(ours(&packed).as_deref(), Some(bytes));
        assert_eq!(unpack(&packed, bytes.len()).as_deref(), Some(bytes));
        assert!(bytes.is_empty() || unpack(&packed, bytes.len() - 1).is_none());
    }
}

/// As gzip, and as zlib.
fn pack(bytes: &[u8], level: u32) -> (Vec<u8>, Vec<u8>) {
    let level = Compression::new(level);
    let (mut gzip, mut zlib) = (GzEncoder::new(Vec::new(), level), ZlibEncoder::new(Vec::new(), level));
    gzip.write_all(bytes).and_then(|()| zlib.write_all(bytes)).expect("memory");
    (gzip.finish().expect("memory"), zlib.finish().expect("memory"))
}
