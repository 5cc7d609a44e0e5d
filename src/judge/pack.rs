//! What a pack means once it is understood: lists turned into lookups, names into references.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;

use super::file::Maturity;
use super::region::Region;
use super::{Severity, VerdictClass};
use crate::locate::Country;

/// A rule pack in force.
#[derive(Debug)]
pub struct Pack {
    pub id: Arc<str>,
    pub title: Arc<str>,
    pub version: Arc<str>,
    /// Lower-case hex SHA-256 over the pack's files.
    pub digest: Arc<str>,
    pub as_of: Date,
    /// Nothing sent before this day is in scope.
    pub in_force: Date,
    pub cites: Vec<Arc<str>>,
    /// Whose traffic the pack takes it to be.
    pub population: Arc<str>,
    pub categories: Vec<CategoryRule>,
    pub rules: Vec<Rule>,
    pub(super) recipients: Recipients,
    pub(super) span: Span,
    pub(super) window_cite: Arc<str>,
    pub(super) combination: Combination,
    /// Exemptions by section, and the categories that each covers.
    pub(super) exemptions: Vec<Exemption>,
    pub(super) units: Vec<Unit>,
    /// Kinds of identifier, the best name first.
    pub(super) order: Vec<Arc<str>>,
    pub(super) listed: Vec<ListedClass>,
    pub(super) elements: HashMap<Arc<str>, ElementRole>,
}

/// A category of data, as the pack defines it.
#[derive(Debug)]
pub struct CategoryRule {
    pub id: Arc<str>,
    pub title: Arc<str>,
    /// Where the law defines it.
    pub section: Arc<str>,
    pub threshold_section: Arc<str>,
    pub threshold: Threshold,
    pub(super) unit: usize,
    pub(super) form: Form,
}

/// What a window spans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Span {
    /// Calendar months back from the exchange's own day.
    Months(i32),
    /// From 1 January of the exchange's own year.
    CalendarYear,
}

/// The number of subjects above which the category is bulk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Threshold {
    MoreThan(u64),
    /// The number itself is bulk already.
    AtLeast(u64),
    /// The lowest number among the categories present.
    LowestOfPresent,
    /// No number: one is enough.
    AnyVolume,
}

/// How findings become a category.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    /// A finding of one of its elements, known to this many metres where a number stands.
    Elements { precision_m: Option<f64> },
    /// Two linked listed identifiers (28 CFR 202.212).
    LinkedIdentifiers,
    /// More than one other category, or a listed identifier linked to one (28 CFR 202.205(g)).
    Combined,
    /// A finding of that category inside an area of a list.
    InsideAreas { of: usize, missing: Arc<str> },
    /// The recipient alone: one of these owner groups (empty: any but the excepted) that is a candidate.
    Presence { groups: Vec<Arc<str>>, except: Vec<Arc<str>>, missing: Option<Arc<str>> },
}

/// What an element can be.
#[derive(Debug, Default)]
pub(super) struct ElementRole {
    /// Index of its listed-identifier class.
    pub listed: Option<usize>,
    /// Categories that it forms alone, with the fact that its forming depends on, if any.
    pub forms: Vec<(usize, Option<Arc<str>>)>,
    /// How good a name of the subject it is; 1 is best, after a tester's known value.
    pub rank: Option<u8>,
    /// It names a device, not whoever has it.
    pub of_device: bool,
    /// It names one person or device, so that two records that share it are of the same.
    pub naming: bool,
}

#[derive(Debug)]
pub(super) struct Unit {
    pub id: Arc<str>,
    pub per_device: bool,
}

#[derive(Debug)]
pub(super) struct ListedClass {
    pub id: Arc<str>,
    pub section: Arc<str>,
    pub truncated_counts: bool,
}

#[derive(Debug)]
pub(super) struct Recipients {
    /// `None`: everybody who is not at home.
    pub concern: Option<Arc<Region>>,
    pub home: Arc<Region>,
    pub cite: Arc<str>,
    pub home_cite: Arc<str>,
    pub home_means: Arc<str>,
    pub home_protects: bool,
    pub candidate_hint: bool,
    pub adequacy: Option<Adequacy>,
}

impl Recipients {
    pub fn of_concern(&self, country: Country) -> bool {
        match &self.concern {
            Some(concern) => concern.contains(country),
            None => !self.home.contains(country),
        }
    }

    /// What the countries of concern are called in a reason.
    pub fn concern_words(&self) -> String {
        match &self.concern {
            Some(concern) => format!("in {}", concern.id),
            None => format!("outside {}", self.home.id),
        }
    }
}

/// The section, and indices of the categories that it covers.
pub(super) type Exemption = (Arc<str>, Vec<usize>);

#[derive(Debug)]
pub(super) struct Adequacy {
    pub region: Arc<Region>,
    pub cite: Arc<str>,
    pub conditions: Vec<(Country, Arc<str>)>,
    pub missing: Arc<str>,
}

/// Indices are of [`Pack::listed`].
#[derive(Debug, Default)]
pub(super) struct Combination {
    pub excluded_alone: Vec<usize>,
    pub excluded_alone_cite: Arc<str>,
    pub excluded_if_necessary: Vec<usize>,
    pub necessity_cite: Arc<str>,
    pub necessity: Arc<str>,
    pub counts_towards: Vec<Arc<str>>,
    pub with_sensitive_data: Vec<usize>,
    pub with_sensitive_cite: Arc<str>,
}

/// One rule: when it speaks, and what its verdict carries.
#[derive(Debug)]
pub struct Rule {
    pub id: Arc<str>,
    pub title: Arc<str>,
    pub status: Maturity,
    pub references: Vec<Arc<str>>,
    pub as_of: Date,
    pub class: Option<VerdictClass>,
    /// Facts that traffic never shows.
    pub needs: Vec<Arc<str>>,
    pub(super) when: When,
    pub(super) in_scope: Severity,
    pub(super) undetermined: Severity,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    /// This category formed.
    Category(usize),
    /// Something that the client sent could not be read.
    UnreadRequest,
    /// Some category formed, towards an owner that is neither at home nor of concern.
    OtherForeignRecipient,
}

impl Pack {
    /// Whether anything that is found could make the rule speak.
    pub(super) fn can_fire(&self, rule: &Rule) -> bool {
        let When::Category(index) = rule.when else { return true };
        let has_elements = self.elements.values().any(|role| role.forms.iter().any(|(category, _)| *category == index));
        has_elements || !matches!(self.categories[index].form, Form::Elements { .. })
    }

    /// First day of the window that ends on this day, both included.
    pub(super) fn window_start(&self, day: Date) -> Date {
        match self.span {
            Span::Months(months) => day.saturating_sub(months.months()),
            Span::CalendarYear => day.first_of_year(),
        }
    }

    /// Whether any category has a number to compare with.
    pub(super) fn counts_people(&self) -> bool {
        self.categories.iter().any(|category| category.threshold != Threshold::AnyVolume)
    }

    pub(super) fn role(&self, element: &str) -> Option<&ElementRole> {
        self.elements.get(element)
    }
}
