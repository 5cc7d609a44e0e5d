//! Who is it: accounts over HTTP and SOCKS5, devices, listeners, and exemptions for some of them.

use std::io::{Read, Write};

use base64::Engine;
use serde_json::json;

use super::super::support::authority::Authority;
use super::super::support::canary;
use super::super::support::landfall::{Landfall, sum};
use super::near::{HOST, OK, TlsServer, ask, client, connect, connections, get, head, landfall, plain_server, status};

/// `jane`, with the password in the canaries, and `joe`; the cheapest hashes there are.
fn accounts() -> String {
    let hash = |password: &str| bcrypt::hash(password, 4).expect("a hash");
    format!("# people\njane:{}\njoe:{}\n", hash(canary::PASSWORD), hash("other"))
}

fn basic(user: &str, password: &str) -> String {
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    format!("Proxy-Authorization: Basic {pair}\r\n")
}

/// Landfall that asks for users.
fn asking(more: &str, authority: &Authority, resolve: &[String]) -> (Landfall, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("accounts");
    std::fs::write(&path, accounts()).expect("written");
    let config = format!("[capture]\naccounts = \"{}\"\n{more}", path.display());
    (landfall(&config, authority, resolve), dir)
}

#[test]
fn b41_proxy_authorization_is_asked_for_consumed_and_holds_inside_connect() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST], OK);
    let (plain, heads) = plain_server();
    let resolve = [format!("{HOST}:443:{}", origin.address), format!("{HOST}:80:{plain}")];
    let (landfall, _accounts) = asking("", &authority, &resolve);
    let right = basic("jane", canary::PASSWORD);
    let request = |fields: &str| format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n{fields}\r\n");
    for wrong in [
        String::new(),
        basic("jane", "other"),
        basic("nobody", canary::PASSWORD),
        right.clone() + &right,
        "Proxy-Authorization: Bearer x\r\n".to_owned(),
        "Proxy-Authorization: Basic %%%\r\n".to_owned(),
    ] {
        let answer = ask(&landfall, &request(&wrong));
        assert_eq!(status(&answer), "407", "{answer}");
        assert!(answer.contains("proxy-authenticate: Basic realm=\"Landfall\""), "{answer}");
        let answer = ask(&landfall, &format!("CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n{wrong}\r\n"));
        assert_eq!(status(&answer), "407", "{answer}");
    }
    assert_eq!(status(&ask(&landfall, &request(&right))), "200");
    // A second try on the same connection, as browsers do it.
    let mut stream = connect(&landfall);
    write!(stream, "CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n\r\n").expect("sent");
    let refused = head(&mut stream).expect("an answer");
    let length = refused
        .to_ascii_lowercase()
        .split("content-length: ")
        .nth(1)
        .expect("a length")
        .split("\r\n")
        .next()
        .map(str::to_owned);
    stream.read_exact(&mut vec![0; length.expect("a length").parse().expect("a number")]).expect("a body");
    write!(stream, "CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n{right}\r\n").expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
    // Inside nobody is asked again.
    assert_eq!(status(&get(client(&landfall, HOST, true, &[]), stream, HOST).1), "200");
    let heads = heads.lock().expect("no panic").join("");
    assert!(!heads.to_ascii_lowercase().contains("proxy-authorization"), "{heads}");
    let metrics = landfall.metrics_after(2);
    let counted = |result| sum(&metrics, "landfall_proxy_authentications_total", &[("result", result)]);
    assert_eq!((counted("ok"), counted("wrong"), counted("missing")), (2.0, 4.0, 9.0));
    let left = landfall.stop();
    assert!(left.exchanges().iter().all(|exchange| exchange["client"]["user"] == "jane"));
    assert_eq!(left.exchanges().len(), 2);
    canary::assert_absent(&left, &metrics);
    let pair = base64::engine::general_purpose::STANDARD.encode(format!("jane:{}", canary::PASSWORD));
    assert!(left.files.iter().all(|(_, bytes)| memchr::memmem::find(bytes, pair.as_bytes()).is_none()));
}

#[test]
fn b41_socks5_asks_the_same_accounts() {
    let authority = Authority::new();
    let (plain, _) = plain_server();
    let (landfall, _accounts) = asking("", &authority, &[format!("{HOST}:80:{plain}")]);
    let attempt = |user: &str, password: &str| {
        let mut stream = connect(&landfall);
        stream.write_all(b"\x05\x02\x00\x02").expect("sent");
        let mut method = [0; 2];
        stream.read_exact(&mut method).expect("a method");
        assert_eq!(method, [5, 2]);
        let pair = [&[1, user.len() as u8][..], user.as_bytes(), &[password.len() as u8], password.as_bytes()].concat();
        stream.write_all(&pair).expect("sent");
        let mut said = [0; 2];
        stream.read_exact(&mut said).expect("a verdict");
        (stream, said)
    };
    assert_eq!(attempt("jane", "wrong").1, [1, 1]);
    assert_eq!(attempt("", "").1, [1, 1]);
    let (mut stream, said) = attempt("joe", "other");
    assert_eq!(said, [1, 0]);
    stream.write_all(&[&[5, 1, 0, 3, HOST.len() as u8][..], HOST.as_bytes(), &[0, 80]].concat()).expect("sent");
    stream.read_exact(&mut [0; 10]).expect("a reply");
    write!(stream, "GET / HTTP/1.1\r\nHost: {HOST}\r\n\r\n").expect("sent");
    assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
    // Without a password there is no way in.
    let mut bare = connect(&landfall);
    bare.write_all(b"\x05\x01\x00").expect("sent");
    let mut said = [0; 2];
    bare.read_exact(&mut said).expect("an answer");
    assert_eq!(said, [5, 0xff]);
    drop(stream);
    let left = landfall.stop();
    assert_eq!(left.exchanges()[0]["client"]["user"], "joe");
}

#[test]
fn guesses_are_bounded() {
    let authority = Authority::new();
    let (plain, _) = plain_server();
    let (landfall, _accounts) = asking("", &authority, &[format!("{HOST}:80:{plain}")]);
    let request =
        |password: &str| format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n{}\r\n", basic("joe", password));
    assert_eq!(status(&ask(&landfall, &request("other"))), "200");
    let guesses: Vec<_> = std::thread::scope(|scope| {
        let guess = |number: usize| ask(&landfall, &request(&format!("guess{number}")));
        let all: Vec<_> = (0..40).map(|number| scope.spawn(move || guess(number))).collect();
        all.into_iter().map(|guess| guess.join().expect("no panic")).collect()
    });
    assert!(guesses.iter().all(|answer| ["407", "429"].contains(&status(answer))));
    assert_eq!(status(&ask(&landfall, &request("one more"))), "429");
    assert_eq!(status(&ask(&landfall, &request("other"))), "200", "who is right is not locked out");
    landfall.stop();
}

#[test]
fn devices_are_told_by_user_listener_and_what_requests_say() {
    let authority = Authority::new();
    let (plain, _) = plain_server();
    let config = "listeners = [{ name = \"phones\", listen = \"127.0.0.1:0\", device = \"lab phone\", user = \"lab\" }]\n\
                  devices = [{ name = \"jane's\", user = [\"jane\"] }]\n";
    let resolve = [format!("{HOST}:80:{plain}")];
    let (landfall, _accounts) = asking(config, &authority, &resolve);
    let request = |user: &str, password: &str| {
        format!(
            "GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\nUser-Agent: okhttp/4.12.0 (x)\r\n{}\r\n",
            basic(user, password)
        )
    };
    assert_eq!(status(&ask(&landfall, &request("jane", canary::PASSWORD))), "200");
    assert_eq!(status(&ask(&landfall, &request("joe", "other"))), "200");
    landfall.metrics_after(2);
    let left = landfall.stop();
    let who: Vec<_> =
        left.exchanges().into_iter().map(|e| (e["client"]["user"].clone(), e["client"]["device"].clone())).collect();
    assert_eq!(who, [(json!("jane"), json!("jane's")), (json!("joe"), json!("okhttp/4.12.0"))]);
}

#[test]
fn a_listener_tells_who_its_clients_are() {
    let authority = Authority::new();
    let (plain, _) = plain_server();
    let config = "[capture]\nlisteners = [{ name = \"phones\", listen = \"127.0.0.1:0\", device = \"lab phone\", user = \"lab\" }]\n";
    let mut landfall = landfall(config, &authority, &[format!("{HOST}:80:{plain}")]);
    landfall.proxy = landfall.listener("phones");
    assert_eq!(status(&ask(&landfall, &format!("GET http://{HOST}/ HTTP/1.1\r\nHost: {HOST}\r\n\r\n"))), "200");
    let own = format!("CONNECT 127.0.0.1:{} HTTP/1.1\r\nHost: x\r\n\r\n", landfall.proxy.port());
    assert_eq!(status(&ask(&landfall, &own)), "508", "every listener is Landfall's own");
    let metrics = landfall.metrics_after(1);
    assert!(metrics.contains("landfall_connections_total{listener=\"phones\",result=\"closed\"}"), "{metrics}");
    let left = landfall.stop();
    assert_eq!(left.exchanges()[0]["client"], json!({"address": "127.0.0.1", "user": "lab", "device": "lab phone"}));
}

#[test]
fn rules_exempt_by_hello_and_by_client_and_every_exemption_is_recorded() {
    let authority = Authority::new();
    let origin = TlsServer::start(&authority, &[HOST, "pinned.example"], OK);
    let config = "bypass_rules = [{ sni = \"pinned.example\" }, { host = \"near.example\", client = \"joe\" }]\n";
    let resolve = [format!("{HOST}:443:{}", origin.address)];
    let (landfall, _accounts) = asking(config, &authority, &resolve);
    let opened = |user: &str, password: &str, name: &str| {
        let mut stream = connect(&landfall);
        write!(stream, "CONNECT {HOST}:443 HTTP/1.1\r\nHost: {HOST}:443\r\n{}\r\n", basic(user, password))
            .expect("sent");
        assert_eq!(status(&head(&mut stream).expect("an answer")), "200");
        let mut tls = client(&landfall, name, true, &[]);
        tls.complete_io(&mut stream).is_ok()
    };
    assert!(opened("jane", canary::PASSWORD, HOST));
    assert!(
        !opened("jane", canary::PASSWORD, "pinned.example"),
        "its own certificate, which the client does not trust"
    );
    assert!(!opened("joe", "other", HOST));
    let metrics = landfall.metrics();
    let left = landfall.stop();
    let exempt: Vec<_> =
        connections(&left).into_iter().filter(|event| event["capture"]["reason"] == "bypass_rule").collect();
    assert_eq!(exempt.len(), 2, "{exempt:?} {metrics}");
    assert!(exempt.iter().all(|event| event["bytes"]["up"].as_u64() > Some(0)));
}

#[test]
fn accounts_that_do_not_hold_end_the_start() {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("accounts"), "jane:$apr1$abc$def\n").expect("written");
    std::fs::write(dir.path().join("landfall.toml"), "[capture]\naccounts = \"accounts\"\n").expect("written");
    let mut command = std::process::Command::new(super::super::support::landfall::BINARY);
    let command = command.args(["run", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--data"]);
    let command = command.arg(dir.path().join("data")).arg("--config").arg(dir.path().join("landfall.toml"));
    let output = super::super::support::client::try_run(command);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("line 1: the hash is none of bcrypt's") && !said.contains("apr1"), "{said}");
}
