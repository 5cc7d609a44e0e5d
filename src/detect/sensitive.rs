//! A value that must not be written anywhere by accident.

use std::fmt;

/// Wraps a personal value. It has no `Display` and no `Serialize`, and its `Debug` says nothing: whoever wants the value
/// has to say [`expose`](Sensitive::expose), which is easy to search for.
#[derive(Clone, PartialEq)]
pub struct Sensitive<T>(T);

impl<T> Sensitive<T> {
    pub fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself, for computing on it or for an output that the auditor asked for by name.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}
