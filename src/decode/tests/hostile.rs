//! Bodies made to hurt: whatever comes, decoding ends, and stays inside its budget.

use std::io::Read;

use proptest::prelude::*;

use super::*;

const SMALL: Budget = Budget { depth: 16, bytes: 64 << 10, ratio: 50, fields: 500 };

fn unread_words(exchange: &Exchange, budget: &Budget) -> Vec<&'static str> {
    let arena = Arena::default();
    decode(exchange, &arena, budget).unread.iter().map(|unread| unread.reason.as_str()).collect()
}

#[test]
fn deep_json_is_cut_once() {
    let deep = "[".repeat(1_000_000);
    assert_eq!(unread_words(&post("application/json", deep.clone()), &Budget::default()), ["budget", "malformed"]);
    let closed = format!("{{\"a\":{deep}1{},\"b\":2}}", "]".repeat(1_000_000));
    let lines = lines(&post("application/json", closed), &Budget::default(), false);
    assert_eq!(lines[0], "request.body $.b json 2");
    assert!(lines[1].ends_with("unread budget") && lines.len() == 2);
}

#[test]
fn a_million_fields_stop_at_the_limit() {
    let many = format!("[{}1]", "1,".repeat(1_000_000));
    let arena = Arena::default();
    let exchange = post("application/json", many);
    let decoded = decode(&exchange, &arena, &Budget::default());
    let body = decoded.fields.iter().filter(|field| field.part.kind == PartKind::Body).count();
    assert_eq!(body + 1, Budget::default().fields);
    assert_eq!(decoded.unread.len(), 1);
    let hollow = format!("[{}[]]", "[],".repeat(1_000_000));
    assert_eq!(unread_words(&post("application/json", hollow), &Budget::default()), ["budget"]);
}

#[test]
fn much_that_came_unread_hides_nothing_that_was_sent_unread() {
    let sealed = |direction| SocketMessage {
        direction,
        opcode: 2,
        payload: Bytes::from_static(b"\x00\xff\xfe\x9a\x13\xc7\x88\xf3\x91\x02"),
        at: None,
    };
    let mut exchange = post("", "");
    exchange.messages = vec![sealed(SocketDirection::Received); 1_000];
    exchange.messages.extend(vec![sealed(SocketDirection::Sent); 1_000]);
    let arena = Arena::default();
    let unread = decode(&exchange, &arena, &Budget::default()).unread;
    let sent: Vec<_> = unread.iter().filter(|unread| unread.part.direction == Direction::Request).collect();
    assert_eq!((unread.len(), sent.len(), sent[0].path.as_str()), (258, 1, "$"));
}

#[test]
fn a_gibibyte_of_zeros_stays_small() {
    let mut coded = Vec::new();
    let zeros = std::io::repeat(0).take(1 << 30);
    flate2::read::GzEncoder::new(zeros, flate2::Compression::fast()).read_to_end(&mut coded).expect("compresses");
    let lines_in = [("content-encoding", "gzip"), ("content-type", "application/json")];
    let exchange = exchange(message(&lines_in, Body::whole(coded)));
    let arena = Arena::default();
    let budget = Budget::default();
    let decoded = decode(&exchange, &arena, &budget);
    assert_eq!(decoded.unread.first().map(|unread| unread.reason), Some(UnreadReason::Budget));
    assert!(arena.bump().allocated_bytes() < 4 * budget.bytes);
}

#[test]
fn deep_and_wide_binary_documents_end() {
    for (media, opening) in [("application/msgpack", b"\x91"), ("application/cbor", b"\x81")] {
        let words = unread_words(&post(media, opening.repeat(2_000_000)), &Budget::default());
        assert!(words.contains(&"budget") || words.contains(&"malformed"), "{media}: {words:?}");
        unread_words(&post("", opening.repeat(2_000_000)), &Budget::default());
    }
    let lying = b"\xdf\xff\xff\xff\xff\xa1a\x01".to_vec();
    check(&post("application/msgpack", lying), &["$.a msgpack 1", "$ unread malformed"]);
    // Eight levels of arrays that all hold the next one sixteen times, which would be four thousand million strings.
    let mut objects: Vec<Vec<u8>> = (1..9_u8).map(|next| [vec![0xaf, 0x10, 16], vec![next; 16]].concat()).collect();
    objects.push(b"\x53kim".to_vec());
    let (mut bytes, mut offsets) = (b"bplist00".to_vec(), Vec::new());
    for object in &objects {
        offsets.push(u8::try_from(bytes.len()).expect("short"));
        bytes.extend(object);
    }
    let table = bytes.len() as u64;
    bytes.extend(&offsets);
    bytes.extend([0, 0, 0, 0, 0, 0, 1, 1]);
    bytes.extend([(objects.len() as u64).to_be_bytes(), 0_u64.to_be_bytes(), table.to_be_bytes()].concat());
    assert_eq!(unread_words(&post("application/x-plist", bytes), &SMALL).last(), Some(&"budget"));
    let flat = "<a/>".repeat(500_000);
    assert!(body_lines(&post("application/xml", format!("<r>{flat}</r>"))).len() <= 1);
}

#[test]
fn base64_in_base64_ends() {
    use base64::Engine;
    let mut text = "{\"mail\":\"a@b.example\"}".to_owned();
    for _ in 0..40 {
        text = base64::engine::general_purpose::STANDARD.encode(&text);
        if text.len() > 200_000 {
            break;
        }
    }
    let arena = Arena::default();
    let exchange = post("application/json", serde_json::json!({ "a": text }).to_string());
    let decoded = decode(&exchange, &arena, &Budget::default());
    assert!(decoded.fields.len() < 100 && arena.bump().allocated_bytes() < 4 * Budget::default().bytes);
    assert!(decoded.fields.iter().any(|field| field.value == "a@b.example") || !decoded.unread.is_empty());
}

#[test]
fn layers_upon_layers_end() {
    let mut text = "a@b.example".to_owned();
    for _ in 0..12 {
        text = format!("{{\"n\":{}}}", serde_json::to_string(&text).expect("a string"));
    }
    assert!(!body_lines(&post("application/json", text)).is_empty());
    let percent = format!("v=%{}41", "25".repeat(10_000));
    let lines = lines(&post("application/x-www-form-urlencoded", percent), &SMALL, false);
    assert!(lines.iter().any(|line| line.ends_with("unread budget")), "{lines:?}");
}

/// Decoding `body` under every header that matters ends within its budget.
fn holds(content_type: &str, coding: &str, body: Vec<u8>, cut: bool) -> Result<(), TestCaseError> {
    let lines_in = [("content-type", content_type), ("content-encoding", coding), ("cookie", "a=%7B%22b%22%3A1%7D")];
    let mut exchange = exchange(message(&lines_in, Body::whole(body.clone())));
    exchange.request.query = Some(String::from_utf8_lossy(&body).into_owned());
    exchange.request.message.body.cut = cut.then_some(Cut::Limit);
    exchange.messages =
        vec![SocketMessage { direction: SocketDirection::Sent, opcode: 2, payload: Bytes::from(body), at: None }];
    let arena = Arena::default();
    let decoded = decode(&exchange, &arena, &SMALL);
    prop_assert!(decoded.fields.len() <= SMALL.fields);
    prop_assert!(decoded.unread.len() <= 256 + 12);
    prop_assert!(arena.bump().allocated_bytes() < 64 * SMALL.bytes);
    Ok(())
}

fn content_type() -> impl Strategy<Value = &'static str> {
    let types = format::FORMATS.iter().filter_map(|format| format.types.first().copied());
    let mut types: Vec<_> = types.collect();
    types.extend(["multipart/form-data; boundary=b", "text/plain; charset=utf-16le", ""]);
    prop::sample::select(types)
}

fn coding() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "gzip", "deflate", "br", "zstd", "gzip, br", "compress"])
}

/// Well-formed bodies of every format, to be damaged.
fn seed() -> impl Strategy<Value = Vec<u8>> {
    let seeds: Vec<Vec<u8>> = vec![
        br#"{"a":[1,-2.5e3,{"b":"x\u0041\ud83d\ude00"}],"c":"{\"d\":\"%41%42\"}","e":null}"#.to_vec(),
        b"{\"a\":1}\n{\"a\":[true,false]}\n".to_vec(),
        b"a=b&c%5Bd%5D=e+f%2540g&h=%7B%22i%22%3A1%7D".to_vec(),
        b"--b\r\nContent-Disposition: form-data; name=\"n\"; filename=\"f\"\r\n\r\nv\r\n--b\r\n\r\nw\r\n--b--".to_vec(),
        b"<?xml version=\"1.0\"?><a b=\"c\">d<e>f</e><![CDATA[g]]></a>".to_vec(),
        b"cb([1,2,3]);".to_vec(),
        b"42/ns,7[\"a\",{\"b\":1}]".to_vec(),
        b"id: 1\ndata: {\"a\":1}\n\nevent: x\ndata: y\n\n".to_vec(),
        b"\x00\x00\x00\x00\x09\x0a\x03kim\x18\x96\x01".to_vec(),
        b"\x0a\x03kim\x12\x05\x0a\x03lee\x19\x00\x00\x00\x00\x00\x00\x42\x40".to_vec(),
        b"a=eyJhIjoiYiIsImMiOiJkIn0&t=eyJhIjoxfQ.eyJhIjoxfQ.x&z=H4sIAAAAAAACA6tWSlSyMqwFAA".to_vec(),
        b"\x82\xa1a\x93\x01\xcb\x40\x04\0\0\0\0\0\0\xa2hi\xa3bin\xc4\x02\xff\x01".to_vec(),
        b"\xbf\x61a\x83\x01\xf9\x3e\x00\x7f\x62ki\x61m\xff\x63tag\xc1\x1a\x50\x00\x00\x00\xff".to_vec(),
        b"<plist><dict><key>a</key><array><integer>1</integer><data>aGk=</data></array></dict></plist>".to_vec(),
        b"mutation { a(b: \"c\", d: {e: 1.5, f: [TRUE, $g]}) { h } }".to_vec(),
        b"AAAAAAUKA2tpbQ==".to_vec(),
        b"\xff\xd8\xff\xe1\0\x16Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0".to_vec(),
        b"a=https://k:p@h/x%40y?q=1#t=2&b=data:text/plain;base64,aGVsbG8gdGhlcmU=&c[0][d]=7b2261223a317d".to_vec(),
        b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xab\x56\x4a\x54\xb2\x32\xac\x05\x00".to_vec(),
        b"\x28\xb5\x2f\xfd\x20\x07\x39\x00\x00{\"a\":1}".to_vec(),
    ];
    prop::sample::select(seeds)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes_never_panic(
        media in content_type(), coding in coding(), cut: bool, body in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        holds(media, coding, body, cut)?;
    }

    #[test]
    fn damaged_bodies_never_panic(
        media in content_type(), coding in coding(), cut: bool, mut body in seed(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        end in any::<prop::sample::Index>(), repeats in 1_usize..4,
    ) {
        for (at, byte) in edits {
            let at = at.index(body.len());
            body[at] = byte;
        }
        body.truncate(end.index(body.len()) + 1);
        holds(media, coding, body.repeat(repeats), cut)?;
    }
}
