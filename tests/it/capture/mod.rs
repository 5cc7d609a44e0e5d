//! What an intercepting proxy must handle, behaviour by behaviour, through the real binary.
//!
//! `tests/CAPTURE.md` is the table of behaviours; a test of one is named `bNN_…` after its number there.

mod doors;
mod near;
mod places;
mod socks;
mod table;
mod tunnels;
mod users;
