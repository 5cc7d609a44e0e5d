//! XML: text and attributes by the names around them. No entity but the predefined ones is expanded.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use quick_xml::Reader;
use quick_xml::errors::{Error, SyntaxError};
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use super::{Format, Sniff, plist, start};
use crate::decode::{Flaw, Place, Source, Step, UnreadReason, Walk, charset};

pub const FORMAT: Format = Format { name: "xml", types: &["application/xml", "text/xml", "+xml"], sniff, walk };

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    let text = charset::text(walk, source);
    let mut reader = reader(text);
    let mut tree =
        Tree { root: place, open: Vec::new(), skipped: 0, text: String::new(), numbers: numbers(text).into_iter() };
    loop {
        match reader.read_event() {
            Ok(Event::Eof) if tree.open.is_empty() => return Ok(()),
            Ok(Event::Eof) => {
                tree.flush(walk)?;
                return Err(Flaw::Ended);
            }
            Ok(event) => tree.take(walk, event)?,
            Err(error) if is_whole(&error) => return Err(Flaw::Malformed),
            Err(_) => return Err(Flaw::Ended),
        }
    }
}

fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_dangling_amp = true;
    reader
}

/// Whether the markup itself is wrong, rather than that it ends too early.
pub(super) fn is_whole(error: &Error) -> bool {
    !matches!(error, Error::Syntax(error) if *error != SyntaxError::InvalidBangMarkup)
}

/// For every element in the order of the text: its number among siblings of the same name, where there are several, so that
/// each of them is a record (`$.list.person[1]`).
fn numbers(text: &str) -> Vec<Option<u32>> {
    /// Longer lists and deeper trees have no numbers beyond.
    const MOST: usize = 200_000;
    const DEEPEST: usize = 256;
    let mut reader = reader(text);
    let mut numbers: Vec<Option<u32>> = Vec::new();
    let mut below = 0_usize;
    // Of each open element: by name of its children, the first one's place in `numbers`, and how many there are.
    let mut open: Vec<HashMap<Vec<u8>, (usize, u32)>> = vec![HashMap::new()];
    loop {
        let (tag, stays) = match reader.read_event() {
            Ok(Event::Start(tag)) => (tag, true),
            Ok(Event::Empty(tag)) => (tag, false),
            Ok(Event::End(_)) if below > 0 => {
                below -= 1;
                continue;
            }
            Ok(Event::End(_)) if open.len() > 1 => {
                open.pop();
                continue;
            }
            Ok(Event::Eof) | Err(_) => return numbers,
            Ok(_) => continue,
        };
        if numbers.len() >= MOST {
            return numbers;
        }
        if below > 0 || open.len() > DEEPEST {
            numbers.push(None);
            below += usize::from(stays);
            continue;
        }
        let siblings = open.last_mut().map(|names| names.entry(tag.name().as_ref().as_bytes().to_vec()));
        let number = siblings.and_then(|entry| match entry {
            Entry::Vacant(first) => {
                first.insert((numbers.len(), 1));
                None
            }
            Entry::Occupied(mut known) => {
                let (first, count) = known.get_mut();
                numbers[*first] = Some(0);
                *count += 1;
                Some(*count - 1)
            }
        });
        numbers.push(number);
        if stays {
            open.push(HashMap::new());
        }
    }
}

/// The elements that are open, and the text collected since the last tag.
struct Tree<'x> {
    root: Place<'x>,
    open: Vec<Place<'x>>,
    /// Open elements deeper than the budget allows.
    skipped: usize,
    text: String,
    /// Of the elements that are still to come.
    numbers: std::vec::IntoIter<Option<u32>>,
}

impl<'x> Tree<'x> {
    fn take(&mut self, walk: &mut Walk<'x>, event: Event<'x>) -> Result<(), Flaw> {
        match event {
            Event::Start(tag) => self.enter(walk, &tag),
            Event::Empty(tag) => {
                self.enter(walk, &tag)?;
                self.leave(walk)
            }
            Event::End(_) => self.leave(walk),
            Event::Text(text) => self.collect(&text),
            Event::CData(text) => self.collect(&text),
            Event::GeneralRef(entity) => self.collect(&replaced(&entity)),
            _ => Ok(()),
        }
    }

    fn collect(&mut self, text: &str) -> Result<(), Flaw> {
        if self.skipped == 0 {
            self.text.push_str(text);
        }
        Ok(())
    }

    fn enter(&mut self, walk: &mut Walk<'x>, tag: &BytesStart<'x>) -> Result<(), Flaw> {
        self.flush(walk)?;
        let number = self.numbers.next().flatten();
        let outer = self.open.last().copied().unwrap_or(self.root);
        if self.skipped > 0 || !walk.may_descend(outer) {
            if self.skipped == 0 {
                walk.note(outer, UnreadReason::Budget);
            }
            self.skipped += 1;
            return Ok(());
        }
        let name = walk.arena.text(local(tag.name().as_ref()));
        let mut place = walk.child(outer, Step::Key(name))?;
        if let Some(number) = number {
            place = walk.child(place, Step::Index(number))?;
        }
        self.open.push(place);
        for attribute in tag.attributes().with_checks(false) {
            let Ok(attribute) = attribute else { return Err(Flaw::Malformed) };
            let name: &str = attribute.key.as_ref();
            if name.starts_with("xmlns") {
                continue;
            }
            let value = quick_xml::escape::unescape(&attribute.value).unwrap_or_else(|_| attribute.value.clone());
            let (name, value) = (walk.arena.text(local(name)), walk.arena.text(&value));
            let place = walk.child(place, Step::Key(name))?;
            walk.value(place, value)?;
        }
        Ok(())
    }

    fn leave(&mut self, walk: &mut Walk<'x>) -> Result<(), Flaw> {
        if self.skipped > 0 {
            self.skipped -= 1;
            return Ok(());
        }
        self.flush(walk)?;
        self.open.pop();
        Ok(())
    }

    /// Take the text collected so far.
    fn flush(&mut self, walk: &mut Walk<'x>) -> Result<(), Flaw> {
        let text = self.text.trim();
        if !text.is_empty() {
            let place = self.open.last().copied().unwrap_or(self.root);
            walk.value(place, walk.arena.text(text))?;
        }
        self.text.clear();
        Ok(())
    }
}

/// What a reference stands for; an unknown one stands for itself.
pub(super) fn replaced(entity: &BytesRef<'_>) -> String {
    match (entity.resolve_char_ref(), resolve_predefined_entity(entity)) {
        (Ok(Some(character)), _) => character.to_string(),
        (_, Some(text)) => text.to_owned(),
        _ => format!("&{};", &**entity),
    }
}

/// The name without its namespace prefix.
fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

fn sniff(bytes: &[u8]) -> Sniff {
    if (plist::FORMAT.sniff)(bytes) == Sniff::Yes {
        return Sniff::No;
    }
    let bytes = start(bytes);
    if bytes.starts_with(b"<?xml") {
        Sniff::Yes
    } else if bytes.starts_with(b"<") {
        Sniff::Maybe
    } else {
        Sniff::No
    }
}
