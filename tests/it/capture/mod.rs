//! What an intercepting proxy must handle, behaviour by behaviour, through the real binary.
//!
//! `tests/CAPTURE.md` is the table of behaviours; a test of one is named `bNN_…` after its number there.

mod bad_upstream;
mod coded;
mod conservation;
mod doors;
mod faults;
mod h2;
mod h2_raw;
mod messages;
mod near;
mod net;
mod pinning;
mod places;
mod raw;
mod smuggling;
mod socks;
mod streams;
mod table;
mod tls;
mod transparent;
mod tunnels;
mod users;
mod way_out;
