//! Base58Check (Bitcoin and its kin): a double SHA-256 guards the address. Other address forms pass.

use aws_lc_rs::digest::{SHA256, digest};

const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Vetoes only what has the form of a Base58Check address (`1…`, `3…`, 26 to 35 characters) and a wrong check sum.
pub(super) fn is_base58check_or_other(value: &str) -> bool {
    let base58 = (26..=35).contains(&value.len()) && value.bytes().all(|b| ALPHABET.contains(&b));
    if !(base58 && value.starts_with(['1', '3'])) {
        return true;
    }
    let Some(bytes) = decode(value) else { return false };
    let (payload, check) = bytes.split_at(21);
    let twice = digest(&SHA256, digest(&SHA256, payload).as_ref());
    twice.as_ref().starts_with(check)
}

/// Whether it is a Base58Check address, check sum and all.
pub(super) fn is_base58check(value: &str) -> bool {
    let base58 = (26..=35).contains(&value.len()) && value.bytes().all(|b| ALPHABET.contains(&b));
    base58 && value.starts_with(['1', '3']) && is_base58check_or_other(value)
}

/// Version byte, 20 bytes of hash, 4 bytes of check sum.
fn decode(value: &str) -> Option<[u8; 25]> {
    let mut bytes = [0u8; 25];
    for b in value.bytes() {
        let mut carry = ALPHABET.iter().position(|&a| a == b)?;
        for byte in bytes.iter_mut().rev() {
            carry += usize::from(*byte) * 58;
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
        if carry != 0 {
            return None;
        }
    }
    Some(bytes)
}
