//! Content codings that are missing, wrong, stacked, in several pieces, or followed by something else.

use std::io::Read;

use super::*;

const TEXT: &[u8] = br#"{"mail":"kim@a.example","n":[1,2,3,4,5,6,7,8,9,10]}"#;

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut out).expect("compresses");
    out
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::ZlibEncoder::new(bytes, flate2::Compression::default()).read_to_end(&mut out).expect("compresses");
    out
}

fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    brotli::CompressorReader::new(bytes, 4096, 5, 22).read_to_end(&mut out).expect("compresses");
    out
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 3).expect("compresses")
}

/// The first line that a body under this header gives, and whatever was unread.
fn first(coding: &str, body: Vec<u8>) -> (String, Vec<String>) {
    let lines_in = [("content-type", "application/json"), ("content-encoding", coding)];
    let mut lines = body_lines(&exchange(message(&lines_in, Body::whole(body))));
    let unread = lines.iter().filter(|line| line.contains(" unread ")).cloned().collect();
    (lines.swap_remove(0), unread)
}

#[test]
fn missing_wrong_and_stacked() {
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("", gzip(TEXT), "gzip"),
        ("", zlib(TEXT), "deflate"),
        ("", brotli(TEXT), "br"),
        ("", zstd(TEXT), "zstd"),
        ("br", gzip(TEXT), "gzip"),
        ("gzip", zstd(TEXT), "zstd"),
        ("gzip", zlib(TEXT), "deflate"),
        ("deflate", brotli(TEXT), "br"),
        ("gzip", brotli(TEXT), "br"),
        ("br", zlib(TEXT), "deflate"),
        ("zstd", gzip(TEXT), "gzip"),
        ("gzip, br", brotli(&gzip(TEXT)), "br>gzip"),
        ("gzip", gzip(&gzip(TEXT)), "gzip>gzip"),
        ("identity, gzip", gzip(TEXT), "gzip"),
        ("br", brotli(&zstd(TEXT)), "br>zstd"),
    ];
    for (named, body, layers) in cases {
        let (line, unread) = first(named, body);
        assert_eq!(line, format!("$.mail {layers}>json kim@a.example"), "{named}");
        assert!(unread.is_empty(), "{named} {unread:?}");
    }
    assert_eq!(first("gzip", TEXT.to_vec()).0, "$.mail json kim@a.example");
}

#[test]
fn members_frames_and_what_follows_them() {
    let (head, tail) = TEXT.split_at(20);
    let gzips = [gzip(head), gzip(tail)].concat();
    let frames = [zstd(head), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(tail)].concat();
    for (named, body) in [("gzip", gzips.clone()), ("zstd", frames)] {
        let (line, unread) = first(named, body);
        assert_eq!((line.ends_with("kim@a.example"), unread.len()), (true, 0), "{named}");
    }
    let padded = [gzip(TEXT), vec![0; 512]].concat();
    assert_eq!(first("gzip", padded).1, Vec::<String>::new());
    for (named, coded) in [("gzip", gzip(TEXT)), ("deflate", zlib(TEXT)), ("zstd", zstd(TEXT)), ("br", brotli(TEXT))] {
        let (line, unread) = first(named, [coded, b"\x01\x02garbage".to_vec()].concat());
        assert!(line.ends_with("kim@a.example"), "{named} {line}");
        assert_eq!(unread, ["$ unread malformed"], "{named}");
    }
}
