//! Names of form fields that spell out a structure, as PHP and Rails read them: `data[0][user][em]`, `ids[]`.

use std::collections::HashMap;

use crate::decode::{Flaw, Place, Step, Walk};

/// The places met so far, so that fields of one object stand in one node.
#[derive(Default)]
pub(super) struct Names<'x> {
    places: HashMap<(usize, Member<'x>), Place<'x>>,
    /// Elements of arrays without numbers (`ids[]`).
    lengths: HashMap<usize, u32>,
}

#[derive(PartialEq, Eq, Hash, Clone, Copy)]
enum Member<'x> {
    Key(&'x str),
    Index(u32),
}

impl<'x> Names<'x> {
    /// Where the field of this name stands below `root`.
    pub fn place(&mut self, walk: &mut Walk<'x>, root: Place<'x>, name: &'x str) -> Result<Place<'x>, Flaw> {
        if name.is_empty() {
            return Ok(root);
        }
        let Some((first, inner)) = split(name) else { return walk.child(root, Step::Key(name)) };
        let mut place = self.member(walk, root, Member::Key(first))?;
        let mut steps = inner.split("][").peekable();
        while let Some(step) = steps.next() {
            let last = steps.peek().is_none();
            if !walk.may_descend(place) {
                return walk.child(place, Step::Key(step));
            }
            let member = match step {
                "" => {
                    let next = self.lengths.entry(place.path.identity()).or_default();
                    *next += 1;
                    Member::Index(*next - 1)
                }
                _ => step.parse().map_or(Member::Key(step), Member::Index),
            };
            // The same name twice is two values, not one place.
            place = if last { walk.child(place, member.step())? } else { self.member(walk, place, member)? };
        }
        Ok(place)
    }

    fn member(&mut self, walk: &mut Walk<'x>, place: Place<'x>, member: Member<'x>) -> Result<Place<'x>, Flaw> {
        let key = (place.path.identity(), member);
        if let Some(known) = self.places.get(&key) {
            return Ok(*known);
        }
        let child = walk.child(place, member.step())?;
        self.places.insert(key, child);
        Ok(child)
    }
}

impl<'x> Member<'x> {
    fn step(self) -> Step<'x> {
        match self {
            Self::Key(key) => Step::Key(key),
            Self::Index(index) => Step::Index(index),
        }
    }
}

/// `a` and `b][c` of `a[b][c]`.
fn split(name: &str) -> Option<(&str, &str)> {
    let (first, inner) = name.split_once('[')?;
    let inner = inner.strip_suffix(']')?;
    let plain = !first.is_empty() && inner.split("][").all(|step| !step.contains(['[', ']']));
    plain.then_some((first, inner))
}
