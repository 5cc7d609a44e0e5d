//! `zstd` (RFC 8878): one frame or several, windows up to the 8 MiB that HTTP allows (RFC 9659).

use zstd::stream::raw::{DParameter, Decoder, InBuffer, Operation, OutBuffer};

use super::sink::CHUNK;
use super::{Coding, Signature, Sink};
use crate::decode::Flaw;

/// Binary logarithm of the greatest window.
const WINDOW_LOG: u32 = 23;

pub const CODING: Coding =
    Coding { name: "zstd", names: &["zstd", "x-zstd"], signature: Signature::Sure(is_zstd), decode };

fn is_zstd(bytes: &[u8]) -> bool {
    // A frame, or one to be skipped (RFC 8878 section 3.1).
    matches!(bytes, [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

fn decode(bytes: &[u8], sink: &mut Sink) -> Result<(), Flaw> {
    let mut decoder = Decoder::new().map_err(|_| Flaw::Budget)?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG)).map_err(|_| Flaw::Budget)?;
    let mut input = InBuffer::around(bytes);
    let mut chunk = [0; CHUNK];
    loop {
        let taken = input.pos();
        let mut output = OutBuffer::around(&mut chunk);
        let result = decoder.run(&mut input, &mut output);
        let made = output.pos();
        sink.push(&chunk[..made])?;
        match result {
            Err(_) => return Err(Flaw::Malformed),
            Ok(0) if input.pos() == bytes.len() => return Ok(()),
            Ok(_) if made == 0 && input.pos() == taken => return Err(Flaw::Ended),
            Ok(_) => {}
        }
    }
}
