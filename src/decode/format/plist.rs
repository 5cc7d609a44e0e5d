//! Apple property lists: XML here, binary in [`binary`](super::plist_binary).

use quick_xml::Reader;
use quick_xml::events::Event;

use super::xml::{is_whole, replaced};
use super::{Format, Sniff, plist_binary, start};
use crate::decode::nested::base64;
use crate::decode::{Flaw, Place, Source, Step, UnreadReason, ValueKind, Walk, charset};

pub const FORMAT: Format = Format {
    name: "plist",
    types: &[
        "application/x-plist",
        "application/plist",
        "text/x-apple-plist+xml",
        "application/x-apple-plist",
        "+plist",
    ],
    sniff,
    walk,
};

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    if plist_binary::is_binary(source.bytes) {
        return plist_binary::walk(walk, place, source.bytes);
    }
    let mut reader = Reader::from_str(charset::text(walk, source));
    reader.config_mut().check_end_names = false;
    let mut tree = Tree { place, open: Vec::new(), text: String::new(), skipped: 0 };
    loop {
        match reader.read_event().map_err(|error| if is_whole(&error) { Flaw::Malformed } else { Flaw::Ended })? {
            Event::Eof if tree.open.is_empty() => return Ok(()),
            Event::Eof => return Err(Flaw::Ended),
            Event::Start(tag) => tree.enter(walk, tag.local_name().as_ref())?,
            Event::Empty(tag) => {
                let name = tag.local_name();
                tree.enter(walk, name.as_ref())?;
                tree.leave(walk, name.as_ref())?;
            }
            Event::End(tag) => tree.leave(walk, tag.local_name().as_ref())?,
            Event::Text(text) => tree.text.push_str(&text),
            Event::CData(text) => tree.text.push_str(&text),
            Event::GeneralRef(entity) => tree.text.push_str(&replaced(&entity)),
            _ => {}
        }
    }
}

/// A `dict` or `array` that is open.
struct Container<'x> {
    place: Place<'x>,
    /// Index of the next element; `None` in a `dict`.
    next: Option<u32>,
    key: Option<&'x str>,
}

struct Tree<'x> {
    place: Place<'x>,
    open: Vec<Container<'x>>,
    text: String,
    /// Open containers deeper than the budget allows.
    skipped: usize,
}

impl<'x> Tree<'x> {
    fn enter(&mut self, walk: &mut Walk<'x>, name: &str) -> Result<(), Flaw> {
        self.text.clear();
        if name != "dict" && name != "array" {
            return Ok(());
        }
        let place =
            if self.skipped > 0 { None } else { self.next_place(walk)?.filter(|place| walk.may_descend(*place)) };
        match place {
            Some(place) => self.open.push(Container { place, next: (name == "array").then_some(0), key: None }),
            None => {
                if self.skipped == 0 {
                    walk.note(self.open.last().map_or(self.place, |outer| outer.place), UnreadReason::Budget);
                }
                self.skipped += 1;
            }
        }
        Ok(())
    }

    fn leave(&mut self, walk: &mut Walk<'x>, name: &str) -> Result<(), Flaw> {
        let text = std::mem::take(&mut self.text);
        match name {
            "dict" | "array" if self.skipped > 0 => self.skipped -= 1,
            "dict" | "array" => drop(self.open.pop()),
            _ if self.skipped > 0 => {}
            "key" => {
                if let Some(container) = self.open.last_mut() {
                    container.key = Some(walk.arena.text(&text));
                }
            }
            "string" | "date" | "integer" | "real" | "true" | "false" | "data" => {
                let Some(place) = self.next_place(walk)? else { return Ok(()) };
                scalar(walk, place, name, &text)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Where the value that begins now stands; `None` for a value without a key.
    fn next_place(&mut self, walk: &mut Walk<'x>) -> Result<Option<Place<'x>>, Flaw> {
        let Some(container) = self.open.last_mut() else { return Ok(Some(self.place)) };
        let step = match &mut container.next {
            Some(next) => {
                *next = next.saturating_add(1);
                Step::Index(*next - 1)
            }
            None => match container.key.take() {
                Some(key) => Step::Key(key),
                None => return Ok(None),
            },
        };
        walk.child(container.place, step).map(Some)
    }
}

fn scalar<'x>(walk: &mut Walk<'x>, place: Place<'x>, name: &str, text: &str) -> Result<(), Flaw> {
    let arena = walk.arena;
    match name {
        "true" | "false" => walk.field(place, arena.text(name), ValueKind::Bool),
        "integer" | "real" => walk.field(place, arena.text(text.trim()), ValueKind::Number),
        "data" => {
            let packed: String = text.split_ascii_whitespace().collect();
            match base64::decoded(&packed) {
                Some(bytes) => super::blob::walk(walk, place, arena.bytes(&bytes)),
                None => walk.value(place, arena.text(&packed)),
            }
        }
        _ => walk.value(place, arena.text(text)),
    }
}

/// The document type or element that nothing else has, or the magic of the binary form.
fn sniff(bytes: &[u8]) -> Sniff {
    const HEAD: usize = 512;
    let head = &bytes[..bytes.len().min(HEAD)];
    if plist_binary::is_binary(bytes) {
        return Sniff::Yes;
    }
    let xml = start(head).starts_with(b"<");
    let named = [&b"<!DOCTYPE plist"[..], b"<plist"].iter().any(|mark| memchr::memmem::find(head, mark).is_some());
    match (xml, named) {
        (true, true) => Sniff::Yes,
        (true, false) => Sniff::Maybe,
        _ => Sniff::No,
    }
}
