//! Three-valued logic: what is known to hold, what is known not to, and what nobody can tell from here.

use super::Status;

/// Strong Kleene truth. An unknown part leaves a whole unknown unless another part decides it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Truth {
    No,
    Unknown,
    Yes,
}

impl Truth {
    pub(super) fn and(self, other: Self) -> Self {
        self.min(other)
    }
}

impl From<Truth> for Status {
    fn from(truth: Truth) -> Self {
        match truth {
            Truth::No => Self::NotInScope,
            Truth::Unknown => Self::Undetermined,
            Truth::Yes => Self::InScope,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Truth::{No, Unknown, Yes};

    #[test]
    fn learning_an_unknown_never_reverses_what_was_decided() {
        for other in [No, Unknown, Yes] {
            let before = Unknown.and(other);
            for learnt in [No, Yes] {
                assert!(before == Unknown || before == learnt.and(other));
            }
        }
    }
}
