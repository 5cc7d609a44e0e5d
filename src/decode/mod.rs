//! Exchange to fields: undo content codings, formats and nested encodings.
//!
//! Decoding never fails: what could be read comes out as [`Field`]s, what could not as [`Unread`] with its reason.
//! A [`Budget`] bounds depth, bytes, ratio and number of fields whatever a peer sent.
//!
//! All text lives in an [`Arena`] that the caller drops after the exchange, so that a field costs no allocation of its own.

mod body;
mod budget;
mod charset;
pub mod coding;
mod field;
pub mod format;
mod mask;
mod media;
pub mod nested;
mod open;
mod parts;
mod path;
mod walk;

pub use budget::Budget;
pub use field::{
    Arena, Blob, Decoded, Direction, Field, Inspection, Layer, Layers, Part, PartKind, Unread, UnreadReason, ValueKind,
};
pub use mask::{looks_like_a_person, mask_key, masked};
pub use media::Media;
pub use open::{Source, open};
pub use path::{Path, Step};
pub use walk::{Flaw, Mark, Place, Walk};

use crate::exchange::Exchange;

/// Read everything an exchange carries. Never fails; what could not be read is in [`Decoded::unread`].
pub fn decode<'x>(exchange: &'x Exchange, arena: &'x Arena, budget: &Budget) -> Decoded<'x> {
    let mut walk = Walk::new(arena, budget);
    parts::walk(&mut walk, exchange);
    walk.finish()
}

#[cfg(test)]
mod tests;
