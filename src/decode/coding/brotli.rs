//! `br` (RFC 7932). It has no signature, so only a clean end proves it.

use brotli::{BrotliDecompressStream, BrotliResult, BrotliState, HeapAlloc};

use super::sink::CHUNK;
use super::{Coding, Signature, Sink};
use crate::decode::Flaw;

pub const CODING: Coding = Coding { name: "br", names: &["br", "brotli"], signature: Signature::Nothing, decode };

fn decode(bytes: &[u8], sink: &mut Sink) -> Result<(), Flaw> {
    let mut state = BrotliState::new(HeapAlloc::default(), HeapAlloc::default(), HeapAlloc::default());
    let (mut left, mut taken, mut total) = (bytes.len(), 0, 0);
    let mut chunk = [0; CHUNK];
    loop {
        let (mut room, mut made) = (CHUNK, 0);
        let result = BrotliDecompressStream(
            &mut left, &mut taken, bytes, &mut room, &mut made, &mut chunk, &mut total, &mut state,
        );
        sink.push(&chunk[..made])?;
        match result {
            BrotliResult::NeedsMoreOutput => {}
            // At the end of a prefix the decoder still holds output, and hands it over call by call.
            BrotliResult::NeedsMoreInput if made > 0 => {}
            BrotliResult::NeedsMoreInput => return Err(Flaw::Ended),
            BrotliResult::ResultFailure => return Err(Flaw::Malformed),
            BrotliResult::ResultSuccess if left > 0 => return Err(Flaw::Malformed),
            BrotliResult::ResultSuccess => return Ok(()),
        }
    }
}
