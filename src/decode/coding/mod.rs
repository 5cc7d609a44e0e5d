//! Content codings (RFC 9110 section 8.4.1): one file each, one line each in the registry, all behind one capped sink.

mod brotli;
mod deflate;
mod gzip;
mod sink;
mod zstd;

pub use deflate::is_zlib;
pub use sink::Sink;

use super::{Flaw, Place, UnreadReason, Walk, charset, format};

/// Every coding that can be undone. To add one: its file, and its line here.
pub const CODINGS: &[&Coding] = &[&gzip::CODING, &deflate::CODING, &brotli::CODING, &zstd::CODING];

/// One content coding.
pub struct Coding {
    /// Word of the event's `encodings`.
    pub name: &'static str,
    /// Names in `Content-Encoding`, lower case.
    pub names: &'static [&'static str],
    pub signature: Signature,
    /// Undo it. What came out before a flaw stays in the sink.
    pub decode: fn(&[u8], &mut Sink) -> Result<(), Flaw>,
}

/// What the first bytes tell.
pub enum Signature {
    /// A magic number: bytes that have it are coded, whatever a header says; others are not.
    Sure(fn(&[u8]) -> bool),
    /// Bytes that have it are probably coded, others may be.
    Hint(fn(&[u8]) -> bool),
    /// Nothing.
    Nothing,
}

/// What undoing a coding gave.
pub struct Undone<'x> {
    pub bytes: &'x [u8],
    /// Set when this is only a prefix.
    pub flaw: Option<Flaw>,
}

/// How the bytes are to be taken when a header names a coding.
#[derive(Debug, Clone, Copy)]
pub struct Trust {
    /// The coding may have been undone already although its name still stands (HAR 1.2).
    pub maybe_undone: bool,
    /// The bytes are a prefix.
    pub cut: bool,
}

/// The coding of this name, whatever its case.
pub fn named(name: &str) -> Option<&'static Coding> {
    CODINGS.iter().copied().find(|coding| coding.names.iter().any(|known| known.eq_ignore_ascii_case(name)))
}

/// The coding whose magic number these bytes have.
pub fn sniffed(bytes: &[u8]) -> Option<&'static Coding> {
    CODINGS.iter().copied().find(|coding| matches!(coding.signature, Signature::Sure(has) if has(bytes)))
}

/// Undo a coding that a header names. `None` where the bytes turn out not to be coded so.
pub fn undo_named<'x>(walk: &mut Walk<'x>, coding: &Coding, bytes: &[u8], trust: Trust) -> Option<Undone<'x>> {
    let signed = match coding.signature {
        Signature::Sure(has) => {
            return has(bytes).then(|| undo(walk, coding, bytes));
        }
        // Another coding's magic number: the header is wrong, and the bytes will say so themselves.
        _ if sniffed(bytes).is_some() => return None,
        Signature::Hint(has) => has(bytes),
        Signature::Nothing => false,
    };
    if trust.maybe_undone && !signed {
        return None;
    }
    let budget_before = walk.bytes_left();
    let undone = undo(walk, coding, bytes);
    let clean = match undone.flaw {
        None | Some(Flaw::Budget) => true,
        Some(Flaw::Ended) => trust.cut,
        Some(Flaw::Malformed) => false,
    };
    let mislabelled = || charset::is_text(bytes) || undone.bytes.is_empty();
    if !clean && (mislabelled() || guessed(walk, bytes, trust.cut).is_some()) {
        walk.refund_bytes(budget_before - walk.bytes_left());
        return None;
    }
    Some(undone)
}

/// The coding that bytes of no known format are in although nothing names it: one that ends cleanly, and gives text or a known
/// format. `cut` bytes prove nothing.
pub fn guessed<'x>(walk: &mut Walk<'x>, bytes: &[u8], cut: bool) -> Option<(&'static Coding, &'x [u8])> {
    const SHORTEST: usize = 8;
    if cut || bytes.len() < SHORTEST {
        return None;
    }
    for coding in [&deflate::CODING, &brotli::CODING] {
        let mut sink = Sink::new(walk.output_limit(bytes.len()));
        let clean = (coding.decode)(bytes, &mut sink).is_ok();
        let decoded = sink.into_bytes();
        let text = || decoded.len() >= SHORTEST && charset::is_text(&decoded);
        if clean && (text() || format::is_known(&decoded)) {
            walk.spend_bytes(decoded.len());
            return Some((coding, walk.arena.bytes(&decoded)));
        }
    }
    None
}

/// Undo a coding, as far as the bytes and the budget go.
pub fn undo<'x>(walk: &mut Walk<'x>, coding: &Coding, bytes: &[u8]) -> Undone<'x> {
    let mut sink = Sink::new(walk.output_limit(bytes.len()));
    let flaw = (coding.decode)(bytes, &mut sink).err();
    let decoded = sink.into_bytes();
    walk.spend_bytes(decoded.len());
    Undone { bytes: walk.arena.bytes(&decoded), flaw }
}

/// Say what a flaw means for the reader of the record. `cut` bytes are told of elsewhere.
pub fn note_flaw<'x>(walk: &mut Walk<'x>, place: Place<'x>, flaw: Option<Flaw>, cut: bool) {
    match flaw {
        None => {}
        Some(Flaw::Ended) if cut => {}
        Some(Flaw::Ended | Flaw::Malformed) => walk.note(place, UnreadReason::Malformed),
        Some(Flaw::Budget) => walk.note(place, UnreadReason::Budget),
    }
}

#[cfg(test)]
mod tests;
