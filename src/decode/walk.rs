//! One decoding under way: what came out so far, and what the budget still allows.

use super::mask::mask_unknown_key;
use super::{Arena, Blob, Budget, Decoded, Field, Layers, Part, Path, Step, Unread, UnreadReason, ValueKind, nested};

/// Layers around one value, whatever the budget says: each layer is one level of recursion.
const MAX_LAYERS: u8 = 24;
/// Structures inside each other, whatever the budget says: some formats take one level of recursion for each.
const MAX_DEPTH: u16 = 256;
/// Unread places told of one exchange; beyond them, one line for each part stands for all that follow in it.
const MAX_UNREAD: usize = 256;
/// Path steps and layers per allowed field: containers without scalars cost memory as well.
const STEPS_PER_FIELD: usize = 4;

/// Why a walk ended before its input was read to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The bytes end before what they hold does.
    Ended,
    /// From here on the bytes are not what they should be.
    Malformed,
    /// The budget is used up; that is noted already.
    Budget,
}

/// Where a walk stands: what every field found from here on has in common.
#[derive(Debug, Clone, Copy)]
pub struct Place<'x> {
    pub part: Part,
    pub path: Path<'x>,
    pub key: Option<&'x str>,
    pub layers: Layers<'x>,
    /// Structures and layers around it.
    depth: u16,
    /// Layers around it.
    nesting: u8,
}

impl<'x> Place<'x> {
    /// The root of a part.
    pub fn root(part: Part) -> Self {
        Self { part, path: Path::ROOT, key: None, layers: Layers::NONE, depth: 0, nesting: 0 }
    }
}

impl Place<'_> {
    /// The same place, but what stands here has no name: the one above speaks of something larger.
    pub fn unnamed(self) -> Self {
        Self { key: None, ..self }
    }
}

/// The state of one decoding. Formats, codings and nested encodings all work through it, so that one budget bounds them all.
pub struct Walk<'x> {
    pub arena: &'x Arena,
    budget: Budget,
    bytes_left: usize,
    steps_left: usize,
    out: Decoded<'x>,
}

/// A point to go back to when a guess turned out wrong.
#[derive(Debug, Clone, Copy)]
pub struct Mark {
    fields: usize,
    unread: usize,
    blobs: usize,
}

impl<'x> Walk<'x> {
    pub fn new(arena: &'x Arena, budget: &Budget) -> Self {
        Self {
            arena,
            budget: Budget { depth: budget.depth.min(MAX_DEPTH), ..*budget },
            bytes_left: budget.bytes,
            steps_left: budget.fields.saturating_mul(STEPS_PER_FIELD),
            out: Decoded::default(),
        }
    }

    pub fn finish(self) -> Decoded<'x> {
        self.out
    }

    /// The place one step further down. Fails when the budget for steps is used up.
    pub fn child(&mut self, place: Place<'x>, step: Step<'x>) -> Result<Place<'x>, Flaw> {
        self.spend_step(place)?;
        let key = match step {
            Step::Key(key) => Some(key),
            Step::Index(_) => place.key,
            Step::Number(_) => None,
        };
        Ok(Place { path: place.path.child(self.arena, step), key, depth: place.depth.saturating_add(1), ..place })
    }

    /// The same place with one more layer around it. Fails when the budget for steps is used up.
    pub fn layer(&mut self, place: Place<'x>, name: &'static str) -> Result<Place<'x>, Flaw> {
        self.spend_step(place)?;
        let layers = place.layers.within(self.arena, name);
        let (depth, nesting) = (place.depth.saturating_add(1), place.nesting.saturating_add(1));
        Ok(Place { layers, depth, nesting, ..place })
    }

    /// Whether a structure may be entered at this place.
    pub fn may_descend(&self, place: Place<'x>) -> bool {
        place.depth < self.budget.depth
    }

    /// Whether another layer may be undone at this place.
    pub fn may_nest(&self, place: Place<'x>) -> bool {
        place.nesting < MAX_LAYERS && self.may_descend(place)
    }

    /// Take a scalar whose text may hide further layers; those that are found are undone.
    pub fn value(&mut self, place: Place<'x>, value: &'x str) -> Result<(), Flaw> {
        nested::walk(self, place, value)
    }

    /// Take a scalar as it is. Empty ones say nothing and are left out.
    pub fn field(&mut self, place: Place<'x>, value: &'x str, kind: ValueKind) -> Result<(), Flaw> {
        if value.is_empty() {
            return Ok(());
        }
        if self.out.fields.len() >= self.budget.fields {
            self.note(place, UnreadReason::Budget);
            return Err(Flaw::Budget);
        }
        let Place { part, path, key, layers, .. } = place;
        self.out.fields.push(Field { part, path, key, value, kind, layers });
        Ok(())
    }

    /// Say that something at this place could not be read.
    pub fn note(&mut self, place: Place<'x>, reason: UnreadReason) {
        // A full list must not swallow a whole part: what was sent unread decides, however much came back unread.
        let full = self.out.unread.len() >= MAX_UNREAD;
        let (path, reason) =
            if full { ("$".to_owned(), UnreadReason::Budget) } else { (place.path.render(mask_unknown_key), reason) };
        let unread = Unread { part: place.part, path, reason };
        if !self.out.unread.contains(&unread) {
            self.out.unread.push(unread);
        }
    }

    /// Say that these bytes could not be read, and keep them for whoever knows what to look for.
    pub fn unread_bytes(&mut self, place: Place<'x>, bytes: &'x [u8], reason: UnreadReason) {
        self.note(place, reason);
        let Place { part, path, key, layers, .. } = place;
        self.out.blobs.push(Blob { part, path, key, layers, bytes });
    }

    /// How many decoded bytes may still be made.
    pub fn bytes_left(&self) -> usize {
        self.bytes_left
    }

    /// The greatest output that decompressing this many bytes may give.
    pub fn output_limit(&self, input: usize) -> usize {
        const FREE: usize = 64 << 10;
        self.bytes_left.min(self.budget.ratio.saturating_mul(input).max(FREE))
    }

    /// Pay for `wanted` decoded bytes; tells how many of them are affordable.
    pub fn spend_bytes(&mut self, wanted: usize) -> usize {
        let granted = wanted.min(self.bytes_left);
        self.bytes_left -= granted;
        granted
    }

    /// Give back what a wrong guess had paid.
    pub fn refund_bytes(&mut self, bytes: usize) {
        self.bytes_left += bytes;
    }

    /// Count decoded bytes under the name of their format.
    pub fn count(&mut self, format: &'static str, bytes: usize) {
        *self.out.bytes_by_format.entry(format).or_default() += bytes as u64;
    }

    pub fn mark(&self) -> Mark {
        Mark { fields: self.out.fields.len(), unread: self.out.unread.len(), blobs: self.out.blobs.len() }
    }

    /// Fields that came out so far.
    pub fn fields(&self) -> usize {
        self.out.fields.len()
    }

    /// Whether fields came out since the mark.
    pub fn found_since(&self, mark: Mark) -> bool {
        self.out.fields.len() > mark.fields
    }

    /// Whether something was found unreadable since the mark.
    pub fn noted_since(&self, mark: Mark) -> bool {
        self.out.unread.len() > mark.unread
    }

    /// Forget what came out since the mark. What it cost stays spent.
    pub fn back_to(&mut self, mark: Mark) {
        self.out.fields.truncate(mark.fields);
        self.out.unread.truncate(mark.unread);
        self.out.blobs.truncate(mark.blobs);
    }

    fn spend_step(&mut self, place: Place<'x>) -> Result<(), Flaw> {
        match self.steps_left.checked_sub(1) {
            Some(left) => {
                self.steps_left = left;
                Ok(())
            }
            None => {
                self.note(place, UnreadReason::Budget);
                Err(Flaw::Budget)
            }
        }
    }
}
