//! What must occur in a value before a form is tried on it: one pass over the value opens the gates of all forms.

use aho_corasick::{AhoCorasick, BuildError, MatchKind};

/// The gates of every form.
#[derive(Debug)]
pub(super) struct Gates {
    texts: AhoCorasick,
    /// Form of each text.
    owners: Vec<u16>,
    /// Forms by the single mark that opens them, with the mark's number.
    marks: Vec<(u16, u8)>,
    /// Forms without a gate.
    ungated: Vec<u16>,
    /// Number of each byte that is a mark; [`NO_MARK`] for all others.
    mark_of: [u8; 256],
}

const NO_MARK: u8 = u8::MAX;
/// Marks are kept in the bits of one word.
const MOST_MARKS: usize = 32;

impl Gates {
    /// Gates of form 0, form 1, and so on. A gate of one byte is looked for by a table, longer ones by an automaton.
    pub fn new<'g>(forms: impl Iterator<Item = &'g [String]>) -> Result<Self, BuildError> {
        let (mut texts, mut owners, mut marks, mut ungated) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut mark_of = [NO_MARK; 256];
        let mut known = 0;
        for (form, gates) in forms.enumerate() {
            let form = form as u16;
            if gates.is_empty() {
                ungated.push(form);
            }
            for gate in gates {
                match gate.as_bytes() {
                    &[mark] if mark_of[usize::from(mark)] != NO_MARK || known < MOST_MARKS => {
                        let number = &mut mark_of[usize::from(mark)];
                        if *number == NO_MARK {
                            *number = known as u8;
                            known += 1;
                        }
                        marks.push((form, *number));
                    }
                    _ => {
                        texts.push(gate.as_str());
                        owners.push(form);
                    }
                }
            }
        }
        let texts =
            AhoCorasick::builder().match_kind(MatchKind::Standard).ascii_case_insensitive(true).build(&texts)?;
        Ok(Self { texts, owners, marks, ungated, mark_of })
    }

    /// Forms whose gate the value opens, each once, in `open`.
    pub fn open(&self, value: &str, open: &mut Vec<u16>) {
        open.clear();
        open.extend(&self.ungated);
        let seen = value.bytes().fold(0u32, |seen, byte| match self.mark_of[usize::from(byte)] {
            NO_MARK => seen,
            mark => seen | 1 << mark,
        });
        open.extend(self.marks.iter().filter(|(_, mark)| seen & (1 << mark) != 0).map(|(form, _)| *form));
        for found in self.texts.find_overlapping_iter(value) {
            let form = self.owners[found.pattern().as_usize()];
            if !open.contains(&form) {
                open.push(form);
            }
        }
        open.sort_unstable();
        open.dedup();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_opens_what_it_holds_and_nothing_else() {
        let rules = [vec!["@".to_owned()], vec!["born".to_owned(), "DOB".to_owned()], vec![]];
        let gates = Gates::new(rules.iter().map(Vec::as_slice)).unwrap();
        let mut open = Vec::new();
        for (value, expect) in [("a@b", vec![0, 2]), ("Born to run", vec![1, 2]), ("dob", vec![1, 2]), ("", vec![2])] {
            gates.open(value, &mut open);
            assert_eq!(open, expect, "{value}");
        }
    }
}
