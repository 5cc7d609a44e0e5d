//! Bodies of any length that nobody has to hold: made and checked block by block.

use aws_lc_rs::digest;
use bytes::Bytes;

pub const BLOCK: u64 = 64 << 10;

/// Block `number` of the body. Every block differs, so that a lost or doubled one shows.
pub fn block(number: u64) -> Bytes {
    let mut bytes: Vec<u8> = (0..BLOCK).map(|at| (at % 251) as u8).collect();
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes.into()
}

/// The blocks of a body of this length; the last one may be cut.
pub fn blocks(length: u64) -> impl Iterator<Item = Bytes> + Send {
    (0..length.div_ceil(BLOCK)).map(move |number| {
        let rest = length - number * BLOCK;
        block(number).slice(..usize::try_from(rest.min(BLOCK)).expect("a block fits"))
    })
}

/// Lower-case hex SHA-256 of the body of this length.
pub fn sha256(length: u64) -> String {
    let mut context = digest::Context::new(&digest::SHA256);
    blocks(length).for_each(|block| context.update(&block));
    hex(context.finish().as_ref())
}

pub fn sha256_of(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
