//! Exchange to fields: undo content codings, formats and nested encodings.
//!
//! Decoding never fails: what could be read comes out as [`Field`]s, what could not as [`Unread`] with its reason.
//! A [`Budget`] bounds depth, bytes, ratio and number of fields whatever a peer sent.
//!
//! All text lives in an [`Arena`] that the caller drops after the exchange, so that a field costs no allocation of its own.

mod budget;
mod field;
pub mod format;
mod path;

pub use budget::Budget;
pub use field::{
    Arena, Decoded, Direction, Field, Inspection, Layer, Layers, Part, PartKind, Unread, UnreadReason, ValueKind,
};
pub use path::{Path, Step};
