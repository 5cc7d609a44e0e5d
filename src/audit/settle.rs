//! The core's second door: an assessment's verdicts, once the past is known.

use super::Assessment;
use crate::judge::{Judge, Known, Verdict};

impl Judge {
    /// Verdicts with their windows filled in. `known` holds the counts at the exchange's own day, its own contributions
    /// included.
    pub fn settle(&self, assessment: &Assessment, known: &Known) -> Vec<Verdict> {
        self.count(&assessment.verdicts, known)
    }
}
