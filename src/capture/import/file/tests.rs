use std::io::Write;

use super::*;

/// Format of a file with this content, or the error without the file's name.
#[track_caller]
fn check(content: &[u8], expect: Result<Format, &str>) {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(content).expect("written");
    let got = ImportFile::open(file.path(), |_| ()).map(|file| file.format);
    let name = format!("`{}` ", file.path().display());
    assert_eq!(got.map_err(|error| error.to_string().replace(&name, "")), expect.map_err(str::to_owned));
}

#[test]
fn formats_are_told_by_content() {
    check(br#"{"log":{"version":"1.2","entries":[]}}"#, Ok(Format::Har));
    check("\u{feff} {\"x\": [{\"request\": 1}], \"log\": {\"entries\": [".as_bytes(), Ok(Format::Har));
    check(b"{\"id\":\"1\",\"request\":{}}\n{", Ok(Format::Jsonl));
}

#[test]
fn other_files_are_refused_with_a_remedy() {
    let neither = "is JSON, but neither HAR (no `log.entries`) nor exchange JSONL (no `request`)";
    let no_json = "is not JSON; a HAR 1.2 file or exchange JSONL is expected";
    check(b"", Err("is empty"));
    check(b"{}", Err(neither));
    check(br#"{"log":{"pages":[]}}"#, Err(neither));
    check(br#"{"log":[]}"#, Err(neither));
    check(b"GET / HTTP/1.1", Err(no_json));
    check(b"[1,2]", Err(no_json));
    check(br#"{"log":{"entr"#, Err(no_json));
    check(b"\x1f\x8b\x08", Err("is compressed with gzip; run `gunzip` on it first"));
    check(b"\xff\xfe{\0", Err("is UTF-16; save it as UTF-8"));
}

#[test]
fn the_digest_covers_every_byte() {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(br#"{"log":{"entries":[]}}"#).expect("written");
    let read = std::cell::Cell::new(0);
    let opened = ImportFile::open(file.path(), |count| read.set(read.get() + count)).expect("a HAR");
    assert_eq!(&*opened.sha256, "59844341b77e83736d4873a5c6f1d2973277cc6d0a16ba6e317b01b0d9104e1d");
    assert_eq!((read.get(), opened.length), (22, 22));
}
