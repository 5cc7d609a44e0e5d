//! Findings × placement × pack to verdicts: what a rule says of an exchange, and which facts it would still need.
//!
//! Two doors: `Judge::judge` says what one exchange can tell (called by `audit`); `Judge::settle` then adds what needs
//! the past: distinct subjects in a window, against a threshold.

mod verdict;

pub use verdict::{
    Category, CategorySubject, Cell, Contribution, Known, LinkedBy, Severity, Status, Verdict, VerdictClass, Window,
    WindowState,
};
