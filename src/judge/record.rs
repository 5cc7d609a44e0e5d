//! The records of a request: array elements inside array elements, and the findings that stand directly in each.

use std::collections::HashMap;

use crate::decode::PartKind;
use crate::detect::Finding;

/// Array elements deeper than this belong to the one above; decoding stops there too.
const DEPTH: usize = 64;

/// Records as a tree. Node 0 is the request itself: everything outside any array, in whichever part.
#[derive(Debug)]
pub(super) struct Records {
    nodes: Vec<Node>,
}

/// One array element, or the request.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// Indices of the findings directly in it.
    pub own: Vec<usize>,
    pub lists: Vec<List>,
}

/// One array, with those of its elements that hold findings.
#[derive(Debug)]
pub(super) struct List {
    /// Lower-case letters and digits of the name under which the array stands; empty at the root.
    pub name: String,
    /// Nodes.
    pub elements: Vec<usize>,
}

impl Records {
    /// Sort the findings whose indices are given into the records that their paths name.
    pub fn new(findings: &[Finding], which: impl Iterator<Item = usize>) -> Self {
        let mut records = Self { nodes: vec![Node::default()] };
        let mut lists: HashMap<(PartKind, usize, &str), usize> = HashMap::new();
        let mut elements: HashMap<(PartKind, usize, &str), usize> = HashMap::new();
        for index in which {
            let Finding { part, record, .. } = &findings[index];
            let mut node = 0;
            for (start, end) in array_steps(record).into_iter().take(DEPTH) {
                let (array, element) = (&record[..start], &record[..end]);
                node = *elements.entry((part.kind, node, element)).or_insert_with(|| {
                    let fresh = records.nodes.len();
                    records.nodes.push(Node::default());
                    let list = *lists.entry((part.kind, node, array)).or_insert_with(|| {
                        records.nodes[node].lists.push(List { name: last_name(array), elements: Vec::new() });
                        records.nodes[node].lists.len() - 1
                    });
                    records.nodes[node].lists[list].elements.push(fresh);
                    fresh
                });
            }
            records.nodes[node].own.push(index);
        }
        records
    }

    pub fn node(&self, index: usize) -> &Node {
        &self.nodes[index]
    }
}

/// Where the `[n]` steps of a rendered path start and end. Keys in quotes may hold brackets.
fn array_steps(path: &str) -> Vec<(usize, usize)> {
    let bytes = path.as_bytes();
    let mut steps = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] != b'[' {
            at += 1;
        } else if bytes.get(at + 1) == Some(&b'"') {
            at = end_of_quoted(bytes, at + 2);
        } else {
            let start = at;
            while at < bytes.len() && bytes[at] != b']' {
                at += 1;
            }
            at = (at + 1).min(bytes.len());
            steps.push((start, at));
        }
    }
    steps
}

fn end_of_quoted(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() && bytes[at] != b'"' {
        at += if bytes[at] == b'\\' { 2 } else { 1 };
    }
    at + 1
}

fn last_name(array: &str) -> String {
    let name = array.rsplit(['.', '[']).find(|step| step.chars().any(char::is_alphabetic)).unwrap_or_default();
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_array_steps_outside_quotes() {
        let path = r#"$.a[3]["x[1]\"]"].b[12]"#;
        let steps: Vec<_> = array_steps(path).into_iter().map(|(start, end)| &path[start..end]).collect();
        assert_eq!(steps, ["[3]", "[12]"]);
        assert!(array_steps("$[\"é[").is_empty());
        assert_eq!(array_steps("$.é[7"), [(4, 6)]);
    }

    #[test]
    fn names_arrays_by_their_last_key() {
        for (array, name) in [("$.user.E-Mails", "emails"), ("$", ""), ("$.a[0][1]", "a"), (r#"$["x y"]"#, "xy")] {
            assert_eq!(last_name(array), name);
        }
    }
}
