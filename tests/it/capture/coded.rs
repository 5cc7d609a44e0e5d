//! Coded bodies: the bytes pass as they are, whatever they unfold to.

use std::io::Write;

use super::raw::{Server, connect, read_exact, read_head};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).expect("memory");
    encoder.finish().expect("memory")
}

#[test]
fn b48_coded_bodies_pass_as_they_are_and_a_copy_is_read_within_bounds() {
    let told = br#"{"email":"coded.canary@example.com"}"#;
    let members = [gzip(&told[..10]), gzip(&told[10..])].concat();
    let cases: [(&str, Vec<u8>, bool); 6] = [
        ("gzip", gzip(told), true),
        ("gzip", members, true),
        ("gzip", [gzip(told), b"trailing garbage".to_vec()].concat(), true),
        ("gzip, zstd", zstd::encode_all(gzip(told).as_slice(), 3).expect("memory"), true),
        ("gzip", told.to_vec(), true),
        ("gzip", gzip(&vec![b'x'; 200 << 20]), false),
    ];
    for (coding, body, found) in cases {
        let answer = [
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\n\r\n", body.len())
                .into_bytes(),
            body.clone(),
        ]
        .concat();
        let server = Server::start(move |talk| {
            while talk.request().is_some() {
                talk.write(&answer);
            }
        });
        let landfall = server.landfall();
        let mut client = connect(&landfall);
        client
            .write_all(b"GET http://raw.example/x HTTP/1.1\r\nHost: raw.example\r\nAccept-Encoding: gzip, zstd\r\n\r\n")
            .expect("sent");
        assert!(read_head(&mut client).contains(&format!("Content-Encoding: {coding}\r\n")));
        assert!(read_exact(&mut client, body.len()) == body, "{coding}: not a byte differs");
        drop(client);
        landfall.metrics_after(1);
        assert!(landfall.memory("VmHWM") < 512 << 20, "{coding}");
        assert!(server.received().contains("Accept-Encoding: gzip, zstd\r\n"));
        let left = landfall.stop();
        let event = left.exchanges()[0];
        let elements = event["findings"].as_array().expect("a list").iter().any(|it| it["element"] == "email");
        assert_eq!(elements, found, "{coding}: {event}");
        assert!(found || event["inspection"]["unread"].as_array().is_some_and(|unread| !unread.is_empty()), "{event}");
    }
}
