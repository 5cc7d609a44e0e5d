//! What judging yields.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Deserialize;

use crate::detect::SubjectId;

/// A category of a pack that an exchange's findings form, for one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    pub pack: Arc<str>,
    pub category: Arc<str>,
    /// Numbers of the findings that form it (`findings[].n`, one-based).
    pub findings: Vec<u32>,
    pub subject: CategorySubject,
    /// The pack's own word for what is counted: `us_person`, `us_device`.
    pub unit: Arc<str>,
    pub linked_by: LinkedBy,
}

/// Whose data it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CategorySubject {
    Known(SubjectId),
    /// Formed, but no identifier says of whom: counted apart, never in a window.
    Unattributed,
}

/// What ties the findings of a category to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkedBy {
    /// They stand in one record (array element, message).
    Record,
    /// They stand in one request, outside any list of people.
    Request,
    /// An identifier seen in both.
    SharedIdentifier,
    /// Only the client's address; with `count_implicit_client_ip`.
    ClientIp,
}

impl LinkedBy {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Request => "request",
            Self::SharedIdentifier => "shared_identifier",
            Self::ClientIp => "client_ip",
        }
    }
}

/// What one rule says of one exchange.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    pub pack: Arc<str>,
    pub rule: Arc<str>,
    /// `None` where no category decided it: an unread body, an opaque tunnel.
    pub category: Option<Arc<str>>,
    pub status: Status,
    pub class: Option<VerdictClass>,
    pub severity: Severity,
    /// Plain words, each a whole thought; no values.
    pub reasons: Vec<String>,
    /// Facts that traffic cannot show: `transaction_type`, `owner`, `unread_body`, …
    pub missing: Vec<Arc<str>>,
    /// `None` where volume does not matter. Until `settle` fills the count in, it says zero subjects.
    pub window: Option<Window>,
}

/// Ordered by strength: over several rules, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    NotInScope,
    Undetermined,
    InScope,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotInScope => "not_in_scope",
            Self::Undetermined => "undetermined",
            Self::InScope => "in_scope",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VerdictClass {
    Prohibited,
    Restricted,
    ProhibitedIfBrokerage,
    AnyVolume,
    Notice,
}

impl VerdictClass {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Prohibited => "prohibited",
            Self::Restricted => "restricted",
            Self::ProhibitedIfBrokerage => "prohibited_if_brokerage",
            Self::AnyVolume => "any_volume",
            Self::Notice => "notice",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Info,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub const ALL: [Self; 5] = [Self::Info, Self::Low, Self::Medium, Self::High, Self::Critical];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A cell of the count: distinct subjects of one category at one group of related recipients.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Cell {
    pub pack: Arc<str>,
    pub category: Arc<str>,
    /// Owner group (an entity and its parents).
    pub recipient_group: Arc<str>,
    /// Whether devices are counted: one person's two are two then.
    pub per_device: bool,
}

/// One subject seen in a cell on a day. Adding it twice changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Contribution {
    pub cell: Cell,
    pub subject: SubjectId,
    /// UTC day of the exchange.
    pub day: Date,
}

/// An identifier that names a person or a device, by its keyed id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identifier {
    /// Place of its kind in the pack's order; 0 names best.
    pub rank: u8,
    pub id: SubjectId,
    /// It names a device, not whoever has it.
    pub of_device: bool,
}

/// Something that was sent of whoever an identifier names. Items tell two of a kind apart, and hold no value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Facet {
    /// Identifier class as `listed:ID`, or a category that one datum forms.
    pub kind: Arc<str>,
    pub item: Vec<u8>,
}

/// One person or device of an exchange, so that what was sent of them before and will be later can be put together.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub pack: Arc<str>,
    pub recipient_group: Arc<str>,
    /// First day of the window that ends with the exchange's own.
    pub from: Date,
    /// All linked to each other, best name first; at least one.
    pub identifiers: Vec<Identifier>,
    pub facets: Vec<Facet>,
    /// The recipient's own business is what the pack holds no telecommunications to need.
    pub counts: bool,
    /// The exchange alone forms all that linked data can form.
    pub complete: bool,
}

/// An assessment's categories and verdicts, once the past is known.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settled {
    pub categories: Vec<Category>,
    pub verdicts: Vec<Verdict>,
}

/// What the ledger knows of the past when a verdict is settled, this exchange's own contributions included.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Distinct subjects per cell in the window that ends at the exchange's own day.
    pub subjects: HashMap<Cell, u64>,
    /// Days inside each window on which the ledger was recording, over the window's days; 0 to 1.
    pub coverage: f64,
    /// Exchanges passed unrecorded inside the window, so that every count is a lower bound.
    pub gaps: bool,
    /// What else was sent to the same recipient group of the person of this pack with this best name.
    pub held: HashMap<(Arc<str>, SubjectId), Vec<Facet>>,
    /// By pack, identifier and whether devices are counted: the name of the subject it turned out to be of.
    pub names: HashMap<(Arc<str>, SubjectId, bool), SubjectId>,
}

/// The count behind a verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub from: Date,
    pub to: Date,
    pub recipient_group: Arc<str>,
    pub subjects: u64,
    pub threshold: u64,
    /// The number itself is already over ("at least N"), not only more than it.
    pub inclusive: bool,
    /// Whether devices are counted.
    pub per_device: bool,
    pub state: WindowState,
    /// Share of the window's days on which the ledger was recording, 0 to 1.
    pub coverage: f64,
    /// The true number may be higher: findings without subject, or gaps.
    pub lower_bound: bool,
    /// What it would be with as many users as the operator says.
    pub projection: Option<Projection>,
}

/// A count that the operator's own number of users would give: their input, not evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Projection {
    pub users: u64,
    pub subjects: u64,
    pub state: WindowState,
}

/// `At` is exactly the number; the paragraphs of 28 CFR 202.205 say "more than", so only more is `Over`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowState {
    Below,
    At,
    Over,
}

impl WindowState {
    pub fn of(subjects: u64, threshold: u64, inclusive: bool) -> Self {
        match subjects.cmp(&threshold) {
            std::cmp::Ordering::Less => Self::Below,
            std::cmp::Ordering::Equal if inclusive => Self::Over,
            std::cmp::Ordering::Equal => Self::At,
            std::cmp::Ordering::Greater => Self::Over,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Below => "below",
            Self::At => "at",
            Self::Over => "over",
        }
    }
}
