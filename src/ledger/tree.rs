//! The Merkle tree over the ledger's lines (RFC 6962 section 2.1), kept as its right edge.

use aws_lc_rs::digest::{Context, SHA256};

/// SHA-256.
pub type Hash = [u8; 32];

/// Hash of a leaf: `SHA-256(0x00 ‖ entry)`.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    hash(&[&[0x00], entry])
}

/// Hash of an inner node: `SHA-256(0x01 ‖ left ‖ right)`.
fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[0x01], left, right])
}

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Roots of the perfect subtrees that a tree of this size falls into, largest first: all that appending needs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RightEdge {
    size: u64,
    roots: Vec<Hash>,
}

impl RightEdge {
    /// Number of leaves.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Append one leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.roots.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.roots.push(hash);
        self.size += 1;
    }

    /// The Merkle Tree Hash; of the empty tree, the hash of nothing.
    pub fn root(&self) -> Hash {
        let Some((last, rest)) = self.roots.split_last() else { return hash(&[]) };
        rest.iter().rev().fold(*last, |right, left| node_hash(left, &right))
    }

    /// Size in eight bytes, big-endian, then the roots.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.size.to_be_bytes().to_vec();
        bytes.extend(self.roots.iter().flatten());
        bytes
    }

    /// `None` unless the bytes are what [`to_bytes`](Self::to_bytes) writes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (size, roots) = bytes.split_first_chunk::<8>()?;
        let size = u64::from_be_bytes(*size);
        let (roots, rest) = roots.as_chunks::<32>();
        (rest.is_empty() && roots.len() == size.count_ones() as usize).then(|| Self { size, roots: roots.to_vec() })
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
        text
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definition of RFC 6962 section 2.1, word by word.
    fn naive_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash(&[]),
            [leaf] => *leaf,
            _ => {
                let half = leaves.len().next_power_of_two() / 2;
                node_hash(&naive_root(&leaves[..half]), &naive_root(&leaves[half..]))
            }
        }
    }

    /// The reference vectors of Certificate Transparency.
    #[test]
    fn known_answers() {
        let entries: [&[u8]; 8] = [
            b"",
            b"\x00",
            b"\x10",
            b"\x20\x21",
            b"\x30\x31",
            b"\x40\x41\x42\x43",
            b"\x50\x51\x52\x53\x54\x55\x56\x57",
            b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut edge = RightEdge::default();
        assert_eq!(hex(&edge.root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        for (entry, root) in entries.iter().zip(roots) {
            edge.push(leaf_hash(entry));
            assert_eq!(hex(&edge.root()), root, "{} leaves", edge.size());
        }
    }

    proptest! {
        #[test]
        fn the_edge_has_the_root_of_the_whole_tree(entries in prop::collection::vec(any::<[u8; 4]>(), 0..200)) {
            let leaves: Vec<_> = entries.iter().map(|entry| leaf_hash(entry)).collect();
            let mut edge = RightEdge::default();
            leaves.iter().for_each(|leaf| edge.push(*leaf));
            prop_assert_eq!(edge.root(), naive_root(&leaves));
            prop_assert_eq!(RightEdge::from_bytes(&edge.to_bytes()), Some(edge));
        }
    }
}
