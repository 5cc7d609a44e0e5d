//! `gzip` (RFC 1952): one member or several, their checksums verified.

use flate2::Crc;

use super::deflate::inflate;
use super::{Coding, Signature, Sink};
use crate::decode::Flaw;

pub const CODING: Coding =
    Coding { name: "gzip", names: &["gzip", "x-gzip"], signature: Signature::Sure(is_gzip), decode };

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b, 8])
}

fn decode(mut bytes: &[u8], sink: &mut Sink) -> Result<(), Flaw> {
    while !bytes.is_empty() {
        let body = after_header(bytes)?;
        let start = sink.len();
        let used = inflate(body, false, sink)?;
        let (trailer, rest) = body[used..].split_at_checked(8).ok_or(Flaw::Ended)?;
        let mut crc = Crc::new();
        crc.update(sink.since(start));
        if trailer[..4] != crc.sum().to_le_bytes() || trailer[4..] != crc.amount().to_le_bytes() {
            return Err(Flaw::Malformed);
        }
        // Tapes and blocks are filled up with zeros.
        bytes = if rest.iter().all(|&byte| byte == 0) { &[] } else { rest };
    }
    Ok(())
}

/// What follows the member's header (RFC 1952 section 2.3).
fn after_header(bytes: &[u8]) -> Result<&[u8], Flaw> {
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const HEADER_CRC: u8 = 2;
    let magic = &bytes[..bytes.len().min(3)];
    if !b"\x1f\x8b\x08".starts_with(magic) {
        return Err(Flaw::Malformed);
    }
    let (head, mut rest) = bytes.split_at_checked(10).ok_or(Flaw::Ended)?;
    let flags = head[3];
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>().ok_or(Flaw::Ended)?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..).ok_or(Flaw::Ended)?;
    }
    for flag in [NAME, COMMENT] {
        if flags & flag != 0 {
            let end = memchr::memchr(0, rest).ok_or(Flaw::Ended)?;
            rest = &rest[end + 1..];
        }
    }
    if flags & HEADER_CRC != 0 {
        rest = rest.get(2..).ok_or(Flaw::Ended)?;
    }
    Ok(rest)
}
