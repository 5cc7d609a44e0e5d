//! Values between separators under a line of names (RFC 4180; also semicolons, tabs and bars): `$[0].name`, `$[1].name`, …

use std::borrow::Cow;

use super::{Format, Sniff, start};
use crate::decode::{Flaw, Place, Source, Step, Walk, charset};

pub const FORMAT: Format = Format {
    name: "csv",
    types: &["text/csv", "application/csv", "text/x-csv", "text/comma-separated-values", "text/tab-separated-values"],
    sniff,
    walk,
};

const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];
/// Columns that a table has which no content type names; two words and a comma are a sentence.
const FEWEST_UNDECLARED: usize = 3;
/// More columns than tables of people have.
const MOST_COLUMNS: usize = 1024;
/// Characters of a column's name.
const LONGEST_NAME: usize = 60;
/// Bytes looked at before the table is read.
const SAMPLE: usize = 4 << 10;

fn walk<'x>(walk: &mut Walk<'x>, place: Place<'x>, source: Source<'x>) -> Result<(), Flaw> {
    walk_table(walk, place, charset::text(walk, source))
}

/// Take every cell under its column's name.
pub fn walk_table<'x>(walk: &mut Walk<'x>, place: Place<'x>, text: &'x str) -> Result<(), Flaw> {
    let text = text.trim_start();
    let (first, separator) = header(text).ok_or(Flaw::Malformed)?;
    let mut rest = &text[first..];
    let mut names: Vec<&'x str> = Vec::new();
    let mut line = &text[..first];
    while let Some((cell, _)) = next_cell(&mut line, separator) {
        names.push(owned(walk, cell).trim());
    }
    let mut row = 0;
    while !rest.trim_start().is_empty() {
        rest = rest.trim_start_matches(['\r', '\n']);
        let at = walk.child(place, Step::Index(row))?;
        row += 1;
        let mut column = 0;
        while let Some((cell, ends_row)) = next_cell(&mut rest, separator) {
            if let (Some(name), false) = (names.get(column), cell.trim().is_empty()) {
                let cell = owned(walk, cell);
                let at = walk.child(at, Step::Key(name))?;
                walk.value(at, cell.trim())?;
            }
            column += 1;
            if ends_row {
                break;
            }
        }
    }
    Ok(())
}

fn owned<'x>(walk: &Walk<'x>, cell: Cow<'x, str>) -> &'x str {
    match cell {
        Cow::Borrowed(text) => text,
        Cow::Owned(text) => walk.arena.text(&text),
    }
}

/// The next cell, and whether its row ends with it; moves behind it and its separator.
fn next_cell<'x>(rest: &mut &'x str, separator: char) -> Option<(Cow<'x, str>, bool)> {
    let text = *rest;
    if text.is_empty() {
        return None;
    }
    let Some(inside) = text.strip_prefix('"') else {
        let end = text.find([separator, '\n']).unwrap_or(text.len());
        let cell = text[..end].trim_end_matches('\r');
        return Some((Cow::Borrowed(cell), step_over(rest, end)));
    };
    let mut end = 0;
    let mut doubled = false;
    loop {
        match inside[end..].find('"') {
            None => {
                *rest = "";
                return Some((Cow::Borrowed(inside), true));
            }
            Some(at) if inside[end + at + 1..].starts_with('"') => {
                doubled = true;
                end += at + 2;
            }
            Some(at) => {
                end += at;
                break;
            }
        }
    }
    let cell = if doubled { Cow::Owned(inside[..end].replace("\"\"", "\"")) } else { Cow::Borrowed(&inside[..end]) };
    // What stands between the closing quote and the separator is nobody's.
    let behind = 1 + end + 1;
    let gap = text[behind..].find([separator, '\n']).unwrap_or(text.len() - behind);
    Some((cell, step_over(rest, behind + gap)))
}

/// Move behind the separator or line end at this byte; tells whether the row ends.
fn step_over(rest: &mut &str, at: usize) -> bool {
    let ends_row = !rest[at..].starts_with(|c| SEPARATORS.contains(&c));
    *rest = rest.get(at + 1..).unwrap_or_default();
    ends_row
}

/// Length of the line of names, and what stands between them; `None` where the first line is none.
fn header(text: &str) -> Option<(usize, char)> {
    let end = text.find('\n')?;
    let line = text[..end].trim_end_matches('\r');
    let separator = SEPARATORS.into_iter().max_by_key(|&c| line.matches(c).count()).filter(|&c| line.contains(c))?;
    let cells: Vec<&str> = line.split(separator).map(|cell| cell.trim().trim_matches('"')).collect();
    let named = cells.len() <= MOST_COLUMNS && cells.iter().all(|cell| is_name(cell));
    let distinct = || cells.iter().enumerate().all(|(i, cell)| !cells[..i].contains(cell));
    let below = text[end + 1..].lines().find(|line| !line.trim().is_empty())?;
    // A row may hold separators inside quotes, and so more of them.
    let filled = below.matches(separator).count() + 1 >= cells.len();
    (named && distinct() && filled).then_some((end, separator))
}

/// Letters first, few words, no sentence.
fn is_name(cell: &str) -> bool {
    let marks = |c: char| matches!(c, '_' | '-' | '.' | ' ' | '/' | '(' | ')' | '%' | '#' | ':');
    cell.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && cell.chars().count() <= LONGEST_NAME
        && cell.split(' ').count() <= 4
        && cell.chars().all(|c| c.is_alphanumeric() || marks(c))
}

fn sniff(bytes: &[u8]) -> Sniff {
    let bytes = start(bytes);
    let sample = &bytes[..bytes.len().min(SAMPLE)];
    if sample.first().is_none_or(|&byte| byte.is_ascii_punctuation() && !matches!(byte, b'"' | b'_')) {
        return Sniff::No;
    }
    // The sample may end inside a character.
    let text = String::from_utf8_lossy(sample);
    match header(&text) {
        None => Sniff::No,
        Some((end, separator)) if is_table(&text[..end], &text[end..], separator) => Sniff::Yes,
        Some(_) => Sniff::Maybe,
    }
}

/// Whether a text is such a table beyond doubt.
pub fn is_surely(text: &str) -> bool {
    text.contains('\n') && sniff(text.as_bytes()) == Sniff::Yes
}

/// Enough columns, and rows of as many cells that are no names themselves.
fn is_table(line: &str, rows: &str, separator: char) -> bool {
    let columns = line.split(separator).count();
    let mut whole = rows.lines().filter(|row| !row.trim().is_empty()).take(4).peekable();
    let telling = whole.peek().is_some_and(|row| row.bytes().any(|byte| byte.is_ascii_digit() || byte == b'@'));
    let one_word = line.split(separator).all(|cell| cell.trim().split(' ').count() <= 2 && !cell.starts_with(' '));
    columns >= FEWEST_UNDECLARED && telling && one_word && {
        // The last one of a sample may be cut.
        let counts: Vec<usize> = whole.map(|row| row.split(separator).count()).collect();
        let kept = if counts.len() == 4 { &counts[..3] } else { &counts[..] };
        kept.iter().all(|&count| count >= columns)
    }
}
