//! The core's second door: an assessment's categories and verdicts, once the past is known.

use super::Assessment;
use crate::judge::{Judge, Known, Settled};

impl Judge {
    /// Categories under the names of their subjects, verdicts with their windows filled in. `known` holds the counts at the
    /// exchange's own day, its own contributions included, and what else was sent of the people that it names.
    pub fn settle(&self, assessment: &Assessment, known: &Known) -> Settled {
        let Assessment { about, findings, placement, categories, verdicts, .. } = assessment;
        self.count((about, findings, &**placement), (categories, verdicts), known)
    }
}
