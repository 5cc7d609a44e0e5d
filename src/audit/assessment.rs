//! What an audit of one exchange yields.

use std::collections::BTreeMap;

use std::sync::Arc;

use crate::decode::{Inspection, Unread};
use crate::detect::Finding;
use crate::judge::{Category, Circumstances, Contribution, Person, Verdict};
use crate::locate::Placement;

/// All that one exchange can tell, before the past is asked.
#[derive(Debug, Clone)]
pub struct Assessment {
    pub inspection: Inspection,
    pub unread: Vec<Unread>,
    /// Decoded bytes by format name.
    pub bytes_by_format: BTreeMap<&'static str, u64>,
    pub placement: Arc<Placement>,
    pub findings: Vec<Finding>,
    pub categories: Vec<Category>,
    /// Without windows: `judge::settle` adds them.
    pub verdicts: Vec<Verdict>,
    pub contributions: Vec<Contribution>,
    /// Whoever it names, for linking.
    pub people: Vec<Person>,
    /// For judging again with what is known of them from before.
    pub about: Circumstances,
}
