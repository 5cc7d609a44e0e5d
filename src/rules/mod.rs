//! Rule files as text: where they come from, and how an error in one of them reads.
//!
//! What the files mean is parsed by the stage that uses them: elements by `detect`, entities by `locate`, regions and packs
//! by `judge`. The built-in files under `rules/` are compiled in; a directory of the user's is read by `config`.

mod error;
mod source;

pub use error::{RuleError, near_miss};
pub use source::{Ruleset, Source};
