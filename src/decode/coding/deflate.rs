//! `deflate`: a zlib stream (RFC 1950), or the bare deflate stream (RFC 1951) that many senders make of it.

use flate2::{Decompress, FlushDecompress, Status};

use super::sink::CHUNK;
use super::{Coding, Signature, Sink};
use crate::decode::Flaw;

pub const CODING: Coding =
    Coding { name: "deflate", names: &["deflate", "zlib", "x-deflate"], signature: Signature::Hint(is_zlib), decode };

fn decode(bytes: &[u8], sink: &mut Sink) -> Result<(), Flaw> {
    let zlib = is_zlib(bytes);
    let used = match inflate(bytes, zlib, sink) {
        Err(Flaw::Malformed) if zlib && sink.is_empty() => inflate(bytes, false, sink)?,
        other => other?,
    };
    if used < bytes.len() { Err(Flaw::Malformed) } else { Ok(()) }
}

/// Method 8, a window of at most 32 KiB, and a header divisible by 31 (RFC 1950 section 2.2).
pub fn is_zlib(bytes: &[u8]) -> bool {
    let [method, flags, ..] = *bytes else { return false };
    method & 0x0f == 8 && method >> 4 <= 7 && u16::from_be_bytes([method, flags]) % 31 == 0
}

/// Inflate one stream; tells how many bytes of input it took.
pub(super) fn inflate(input: &[u8], zlib: bool, sink: &mut Sink) -> Result<usize, Flaw> {
    let mut state = Decompress::new(zlib);
    let mut chunk = [0; CHUNK];
    loop {
        let (taken, given) = (consumed(&state), state.total_out());
        let status = state.decompress(&input[taken..], &mut chunk, FlushDecompress::None);
        let made = usize::try_from(state.total_out() - given).unwrap_or(0);
        sink.push(&chunk[..made])?;
        match status {
            Err(_) => return Err(Flaw::Malformed),
            Ok(Status::StreamEnd) => return Ok(consumed(&state)),
            Ok(_) if made == 0 && consumed(&state) == taken => return Err(Flaw::Ended),
            Ok(_) => {}
        }
    }
}

fn consumed(state: &Decompress) -> usize {
    usize::try_from(state.total_in()).unwrap_or(usize::MAX)
}
