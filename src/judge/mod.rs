//! Findings × placement × pack to verdicts: what a rule says of an exchange, and which facts it would still need.
//!
//! Two doors: [`Judge::judge`] says what one exchange can tell (called by `audit`); `Judge::settle` (in `audit`, which owns what it
//! settles) then adds what needs
//! the past: distinct subjects in a window, against a threshold.
//!
//! On the way: `linkage` groups findings by whose they are, `form` makes categories of them, `recipient` says who gets the
//! data, `decide` puts these together in three-valued logic. The numbers and lists come from `rules/packs`.

mod area_file;
mod areas;
mod decide;
mod declared;
mod engine;
mod explain;
mod file;
mod form;
mod linkage;
mod load;
mod pack;
mod pack_test;
mod recipient;
mod record;
mod region;
#[cfg(test)]
mod tests;
mod truth;
mod verdict;

pub use areas::{Area, Areas};
pub use engine::{Circumstances, ComposedCategory, Judge, JudgeOptions, Judgement};
pub use file::Maturity;
pub use linkage::Sender;
pub use pack::{CategoryRule, Pack, Rule, Threshold};
pub use pack_test::{TestOutcome, test_packs};
pub use region::{Region, Regions};
pub use verdict::{
    Category, CategorySubject, Cell, Contribution, Facet, Identifier, Known, LinkedBy, Person, Projection, Settled,
    Severity, Status, Verdict, VerdictClass, Window, WindowState,
};
