//! Which entity claims a domain, an alias, a network or a name, and when.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use jiff::civil::Date;

/// The days on which an entry holds, both ends included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Period {
    pub from: Option<Date>,
    pub to: Option<Date>,
}

impl Period {
    pub fn holds(self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    fn overlaps(self, other: Self) -> bool {
        let ends_before = |a: Self, b: Self| a.to.zip(b.from).is_some_and(|(to, from)| to < from);
        !ends_before(self, other) && !ends_before(other, self)
    }
}

/// One entity's claim.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    /// Position in `Entities::list`.
    pub entity: usize,
    /// What stands below the domain is some tenant's.
    pub shared: bool,
    pub period: Period,
    /// Position of the rules directory it came from.
    pub layer: usize,
}

/// What is claimed, by key. Two entities may hold one key only at different times.
#[derive(Debug)]
pub(super) struct Index<K>(HashMap<K, Vec<Use>>);

impl<K> Default for Index<K> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash> Index<K> {
    /// Add a claim; layers come in rising order, and a later one takes the key over. Returns the claim of another entity in the
    /// same layer that holds at the same time, if there is one.
    pub fn claim(&mut self, key: K, new: Use) -> Option<Use> {
        let uses = self.0.entry(key).or_default();
        uses.retain(|old| old.layer == new.layer);
        if let Some(same) = uses.iter_mut().find(|old| old.entity == new.entity) {
            same.shared |= new.shared;
            return None;
        }
        let rival = uses.iter().find(|old| old.period.overlaps(new.period)).copied();
        uses.push(new);
        rival
    }

    /// Who holds the key on a day.
    pub fn get<Q: Eq + Hash + ?Sized>(&self, key: &Q, day: Date) -> Option<(&K, Use)>
    where
        K: Borrow<Q>,
    {
        let (key, uses) = self.0.get_key_value(key)?;
        uses.iter().find(|claim| claim.period.holds(day)).map(|claim| (key, *claim))
    }
}

/// Domains and suffixes, found by the longest run of whole labels at a host's end.
pub(super) type Suffixes = Index<Arc<str>>;

impl Suffixes {
    /// The longest listed suffix that the host is or lies under: one look-up a label, nothing allocated.
    pub fn longest(&self, host: &str, day: Date) -> Option<(&Arc<str>, Use)> {
        let mut rest = Some(host);
        while let Some(suffix) = rest {
            if let Some(found) = self.get(suffix, day) {
                return Some(found);
            }
            rest = suffix.split_once('.').map(|(_, parent)| parent);
        }
        None
    }
}

/// Organisations by name, whatever their punctuation and case.
#[derive(Debug, Default)]
pub(super) struct Names(Index<Box<str>>);

/// Longest folded name that is compared, in bytes.
const LONGEST_NAME: usize = 160;

impl Names {
    pub fn claim(&mut self, name: &str, new: Use) -> Option<Use> {
        let mut buffer = [0; LONGEST_NAME];
        let folded = fold(name, &mut buffer)?;
        self.0.claim(folded.into(), new)
    }

    pub fn get(&self, name: &str, day: Date) -> Option<Use> {
        let mut buffer = [0; LONGEST_NAME];
        self.0.get(fold(name, &mut buffer)?, day).map(|(_, found)| found)
    }
}

/// The name's letters and digits in lower case; `None` for an empty or overlong one.
fn fold<'b>(name: &str, buffer: &'b mut [u8; LONGEST_NAME]) -> Option<&'b str> {
    let mut length = 0;
    for byte in name.bytes().filter(|byte| byte.is_ascii_alphanumeric() || !byte.is_ascii()) {
        *buffer.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    std::str::from_utf8(buffer.get(..length)?).ok().filter(|folded| !folded.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded() {
        let fold_to = |name: &str| fold(name, &mut [0; LONGEST_NAME]).map(str::to_owned);
        assert_eq!(fold_to("Meta Platforms, Inc.").as_deref(), Some("metaplatformsinc"));
        assert_eq!(fold_to("北京 (Beijing) Co., Ltd").as_deref(), Some("北京beijingcoltd"));
        assert_eq!(fold_to("…"), Some("…".to_owned()));
        assert_eq!(fold_to(" ,."), None);
        assert_eq!(fold_to(&"a".repeat(LONGEST_NAME + 1)), None);
    }

    #[test]
    fn periods_meet_only_where_they_share_a_day() {
        let period = |from: Option<i8>, to: Option<i8>| Period {
            from: from.map(|day| jiff::civil::date(2026, 1, day)),
            to: to.map(|day| jiff::civil::date(2026, 1, day)),
        };
        assert!(!period(None, Some(21)).overlaps(period(Some(22), None)));
        assert!(period(None, Some(22)).overlaps(period(Some(22), None)));
        assert!(period(None, None).overlaps(period(Some(22), Some(23))));
        assert!(period(Some(1), Some(3)).overlaps(period(Some(2), Some(2))));
        assert!(!period(Some(4), Some(5)).overlaps(period(Some(1), Some(3))));
        assert!(period(Some(4), Some(5)).holds(jiff::civil::date(2026, 1, 5)));
        assert!(!period(Some(4), Some(5)).holds(jiff::civil::date(2026, 1, 6)));
    }
}
