//! Where a field stands inside its part: a chain of steps, rendered only when somebody asks.

use std::fmt;

/// One step down into a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'x> {
    /// Member of an object, name of a form field, header, cookie or query parameter.
    Key(&'x str),
    /// Element of an array, zero-based.
    Index(u32),
    /// Field number of a schemaless protobuf message.
    Number(u32),
}

/// A `$`-rooted path. Copying it copies one reference; steps share their parents.
///
/// Two fields stand in the same object or array element exactly if their paths' parents are the [same](Path::same) node.
#[derive(Clone, Copy)]
pub struct Path<'x>(Option<&'x Node<'x>>);

#[derive(Debug)]
pub struct Node<'x> {
    parent: Path<'x>,
    step: Step<'x>,
    depth: u16,
}

impl<'x> Path<'x> {
    /// `$`
    pub const ROOT: Path<'static> = Path(None);

    /// This path, one step further down.
    pub fn child(self, arena: &'x super::Arena, step: Step<'x>) -> Path<'x> {
        let depth = self.depth().saturating_add(1);
        Path(Some(arena.bump().alloc(Node { parent: self, step, depth })))
    }

    /// The path without its last step; `None` at the root.
    pub fn parent(self) -> Option<Path<'x>> {
        self.0.map(|node| node.parent)
    }

    /// The last step; `None` at the root.
    pub fn step(self) -> Option<Step<'x>> {
        self.0.map(|node| node.step)
    }

    /// Number of steps from the root.
    pub fn depth(self) -> u16 {
        self.0.map_or(0, |node| node.depth)
    }

    /// This path and everything above it, innermost first, the root not included.
    pub fn up(self) -> impl Iterator<Item = Path<'x>> {
        std::iter::successors(Some(self), |path| path.parent()).take_while(|path| path.0.is_some())
    }

    /// The names on the way up, innermost first: context for a key.
    pub fn keys_up(self) -> impl Iterator<Item = &'x str> {
        self.up().filter_map(|path| match path.step() {
            Some(Step::Key(key)) => Some(key),
            _ => None,
        })
    }

    /// The nearest enclosing array element (or the root): the record that a field belongs to.
    pub fn record(self) -> Path<'x> {
        self.up().find(|path| matches!(path.step(), Some(Step::Index(_)))).unwrap_or(Path(None))
    }

    /// Whether both are the very same node.
    pub fn same(self, other: Path<'_>) -> bool {
        match (self.0, other.0) {
            (None, None) => true,
            (Some(a), Some(b)) => std::ptr::eq(std::ptr::from_ref(a).cast::<()>(), std::ptr::from_ref(b).cast::<()>()),
            _ => false,
        }
    }

    /// A key for maps: equal exactly for the same node.
    pub fn identity(self) -> usize {
        self.0.map_or(0, |node| std::ptr::from_ref(node).addr())
    }

    /// The path as text, each key passed through `mask` first (keys can be personal values themselves).
    pub fn render(self, mask: impl Fn(&str) -> String) -> String {
        let mut steps: Vec<Step<'x>> = self.up().filter_map(Path::step).collect();
        steps.reverse();
        let mut out = String::from("$");
        for step in steps {
            match step {
                Step::Key(key) => push_key(&mut out, &mask(key)),
                Step::Index(index) => out.push_str(&format!("[{index}]")),
                Step::Number(number) => out.push_str(&format!(".{number}")),
            }
        }
        out
    }
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(str::to_owned))
    }
}

impl fmt::Debug for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn push_key(out: &mut String, key: &str) {
    let plain = !key.is_empty()
        && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
        && !key.starts_with(|c: char| c.is_ascii_digit());
    if plain {
        out.push('.');
        out.push_str(key);
    } else {
        out.push_str("[\"");
        for c in key.chars() {
            match c {
                '"' | '\\' => out.extend(['\\', c]),
                c if c.is_control() => out.extend(c.escape_unicode()),
                c => out.push(c),
            }
        }
        out.push_str("\"]");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decode::Arena;

    #[test]
    fn renders_keys_indices_and_odd_names() {
        let arena = Arena::default();
        let path = Path::ROOT
            .child(&arena, Step::Key("events"))
            .child(&arena, Step::Index(3))
            .child(&arena, Step::Key("a b"))
            .child(&arena, Step::Number(4));
        assert_eq!(path.to_string(), r#"$.events[3]["a b"].4"#);
        assert_eq!(path.record().to_string(), "$.events[3]");
        assert_eq!(path.keys_up().collect::<Vec<_>>(), ["a b", "events"]);
    }
}
