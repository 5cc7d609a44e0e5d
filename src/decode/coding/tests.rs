//! Each coding whole, stacked, mislabelled, cut, followed by rubbish, and as a bomb.

use std::io::{Read, Write};

use super::*;
use crate::decode::{Arena, Budget};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = flate2::read::GzEncoder::new(bytes, flate2::Compression::default());
    encoder.read_to_end(&mut out).expect("reads memory");
    out
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = flate2::read::ZlibEncoder::new(bytes, flate2::Compression::default());
    encoder.read_to_end(&mut out).expect("reads memory");
    out
}

fn raw(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut encoder = flate2::read::DeflateEncoder::new(bytes, flate2::Compression::default());
    encoder.read_to_end(&mut out).expect("reads memory");
    out
}

fn br(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    ::brotli::CompressorWriter::new(&mut out, 4096, 5, 22).write_all(bytes).expect("writes memory");
    out
}

fn zst(bytes: &[u8]) -> Vec<u8> {
    ::zstd::encode_all(bytes, 3).expect("compresses memory")
}

/// Text that doesn't shrink to nothing, so that a prefix of its compressed form holds something.
fn sample() -> Vec<u8> {
    let mut state = 7_u32;
    let mut word = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state >> 16
    };
    (0..100_000).flat_map(|_| format!("{:x},", word()).into_bytes()).collect()
}

fn all(bytes: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    [("gzip", gzip(bytes)), ("deflate", zlib(bytes)), ("deflate", raw(bytes)), ("br", br(bytes)), ("zstd", zst(bytes))]
}

fn run(name: &str, bytes: &[u8], budget: Budget) -> (Vec<u8>, Option<Flaw>) {
    let arena = Arena::default();
    let mut walk = Walk::new(&arena, &budget);
    let undone = undo(&mut walk, named(name).expect("a known coding"), bytes);
    (undone.bytes.to_vec(), undone.flaw)
}

#[test]
fn whole_cut_and_followed_by_rubbish() {
    let sample = sample();
    for (name, coded) in all(&sample) {
        let budget = Budget::default();
        assert_eq!(run(name, &coded, budget), (sample.clone(), None), "{name}");

        let (prefix, flaw) = run(name, &coded[..coded.len() / 2], budget);
        assert_eq!(flaw, Some(Flaw::Ended), "{name}");
        assert!(sample.starts_with(&prefix) && prefix.len() > sample.len() / 4, "{name}: {}", prefix.len());

        let rubbish = [&coded[..], b"rubbish"].concat();
        assert_eq!(run(name, &rubbish, budget), (sample.clone(), Some(Flaw::Malformed)), "{name}");
    }
}

#[test]
fn several_members_and_frames() {
    let two = [gzip(b"one "), gzip(b"two")].concat();
    assert_eq!(run("gzip", &two, Budget::default()), (b"one two".to_vec(), None));
    let two = [zst(b"one "), zst(b"two")].concat();
    assert_eq!(run("zstd", &two, Budget::default()), (b"one two".to_vec(), None));
}

#[test]
fn gzip_headers_and_checksums() {
    let mut coded = gzip(b"hello");
    let body = coded.split_off(10);
    coded[3] = 4 | 8 | 16 | 2;
    let dressed = [&coded[..], b"\x02\0xx", b"name\0", b"comment\0", b"cc", &body].concat();
    assert_eq!(run("gzip", &dressed, Budget::default()), (b"hello".to_vec(), None));
    let mut wrong = gzip(b"hello");
    let at = wrong.len() - 5;
    wrong[at] ^= 1;
    assert_eq!(run("gzip", &wrong, Budget::default()), (b"hello".to_vec(), Some(Flaw::Malformed)));
}

#[test]
fn bombs_stop_at_ratio_and_budget() {
    const MIB: usize = 1 << 20;
    for (name, coded) in all(&vec![0; 64 * MIB]) {
        let by_ratio = Budget { bytes: usize::MAX, ratio: 100, ..Budget::default() };
        let (out, flaw) = run(name, &coded, by_ratio);
        assert_eq!(flaw, Some(Flaw::Budget), "{name}");
        assert_eq!(out.len(), (coded.len() * 100).max(64 << 10), "{name}");
        let by_bytes = Budget { bytes: MIB, ratio: usize::MAX, ..Budget::default() };
        let (out, flaw) = run(name, &coded, by_bytes);
        assert_eq!((out.len(), flaw), (MIB, Some(Flaw::Budget)), "{name}");
    }
}

#[test]
fn a_zstd_window_over_eight_mebibytes_is_refused() {
    // Magic, a descriptor without sizes or checksum, and a window of 2^31 bytes (RFC 8878 section 3.1.1.1).
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
    assert_eq!(run("zstd", &frame, Budget::default()), (Vec::new(), Some(Flaw::Malformed)));
}
