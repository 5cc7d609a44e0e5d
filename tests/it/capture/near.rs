//! Clients and servers for the ways in: TLS by rustls on plain sockets, so that a test decides when which bytes go out.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::server::Acceptor;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::super::support::authority::Authority;
use super::super::support::landfall::{Landfall, Left};

const PATIENCE: Duration = Duration::from_secs(60);

/// Name of the server that most tests talk to.
pub const HOST: &str = "near.example";

/// A TLS server that remembers the names it was asked for, and answers every request alike.
pub struct TlsServer {
    pub address: SocketAddr,
    names: Arc<Mutex<Vec<Option<String>>>>,
}

impl TlsServer {
    pub fn start(authority: &Authority, names: &[&str], answer: &'static str) -> Self {
        let config = authority.server(names, &["http/1.1"]);
        let listener = TcpListener::bind("127.1.1.1:0").expect("loopback can be bound");
        let address = listener.local_addr().expect("an address");
        let seen: Arc<Mutex<Vec<Option<String>>>> = Arc::default();
        let all = Arc::clone(&seen);
        std::thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let (config, all) = (Arc::clone(&config), Arc::clone(&all));
                std::thread::spawn(move || {
                    let mut acceptor = Acceptor::default();
                    let accepted = loop {
                        if acceptor.read_tls(&mut stream).unwrap_or(0) == 0 {
                            return;
                        }
                        if let Ok(Some(accepted)) = acceptor.accept() {
                            break accepted;
                        }
                    };
                    all.lock().expect("no panic").push(accepted.client_hello().server_name().map(str::to_owned));
                    let Ok(connection) = accepted.into_connection(config) else { return };
                    let mut stream = StreamOwned::new(connection, stream);
                    while head(&mut stream).is_ok_and(|head| !head.is_empty()) {
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, names: seen }
    }

    /// Server names of all hellos, in order.
    pub fn names(&self) -> Vec<Option<String>> {
        self.names.lock().expect("no panic").clone()
    }
}

/// A server without TLS: each connection goes to a script in a thread of its own.
pub fn server(script: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.1.1.2:0").expect("loopback can be bound");
    let address = listener.local_addr().expect("an address");
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let script = Arc::clone(&script);
            std::thread::spawn(move || script(stream));
        }
    });
    address
}

/// An HTTP server without TLS that says `ok`, and remembers the heads of its requests.
pub fn plain_server() -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let all = Arc::clone(&heads);
    let address = server(move |mut stream| {
        while let Ok(head) = head(&mut stream) {
            if head.is_empty() {
                return;
            }
            all.lock().expect("no panic").push(head);
            stream.write_all(OK.as_bytes()).unwrap_or_default();
        }
    });
    (address, heads)
}

pub const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Landfall with a configuration file, roots to trust, and names to dial somewhere.
pub fn landfall(config: &str, authority: &Authority, resolve: &[String]) -> Landfall {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let roots = dir.path().join("origins.pem");
    let file = dir.path().join("landfall.toml");
    fs::write(&roots, authority.pem()).expect("written");
    fs::write(&file, config).expect("written");
    let text = |path: &Path| path.display().to_string();
    let mut args = vec!["--upstream-ca".to_owned(), text(&roots), "--config".to_owned(), text(&file)];
    args.extend(resolve.iter().flat_map(|mapping| ["--resolve".to_owned(), mapping.clone()]));
    Landfall::start_in(dir, &args)
}

pub fn connect(landfall: &Landfall) -> TcpStream {
    let stream = TcpStream::connect(landfall.proxy).expect("a connection");
    stream.set_read_timeout(Some(PATIENCE)).expect("set");
    stream
}

/// Bytes up to and with the empty line; empty at the end of the stream.
pub fn head(stream: &mut impl Read) -> io::Result<String> {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte)? {
            0 => break,
            _ => head.push(byte[0]),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

/// Send a request on a connection of its own; the head of the answer.
pub fn ask(landfall: &Landfall, request: &str) -> String {
    let mut stream = connect(landfall);
    stream.write_all(request.as_bytes()).expect("sent");
    head(&mut stream).expect("an answer")
}

pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or("")
}

/// A tunnel to this target, opened by `CONNECT`.
pub fn tunnel(landfall: &Landfall, target: &str) -> TcpStream {
    let mut stream = connect(landfall);
    write!(stream, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").expect("sent");
    let head = head(&mut stream).expect("an answer");
    assert_eq!(status(&head), "200", "{head}");
    stream
}

/// TLS as a client that trusts Landfall. `sni`: whether the name is sent.
pub fn client(landfall: &Landfall, name: &str, sni: bool, alpn: &[&str]) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    for der in CertificateDer::pem_file_iter(landfall.ca()).expect("the CA can be read") {
        roots.add(der.expect("PEM")).expect("a root");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.enable_sni = sni;
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    ClientConnection::new(Arc::new(config), name).expect("a client")
}

/// The bytes of a client's first flight.
pub fn hello(client: &mut ClientConnection) -> Vec<u8> {
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).expect("a hello");
    bytes
}

/// A GET over TLS: names in the certificate seen, and the head of the answer.
pub fn get(client: ClientConnection, stream: TcpStream, host: &str) -> (Vec<String>, String) {
    let mut stream = StreamOwned::new(client, stream);
    write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("sent");
    let head = head(&mut stream).expect("an answer");
    let chain = stream.conn.peer_certificates().expect("a certificate");
    let (_, leaf) = X509Certificate::from_der(&chain[0]).expect("a certificate");
    let names = leaf.subject_alternative_name().expect("readable").expect("names").value.general_names.iter();
    let names = names.map(|name| match name {
        GeneralName::DNSName(name) => (*name).to_owned(),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => std::net::Ipv4Addr::from(<[u8; 4]>::try_from(*bytes).expect("four")).to_string(),
            _ => std::net::Ipv6Addr::from(<[u8; 16]>::try_from(*bytes).expect("sixteen")).to_string(),
        },
        other => other.to_string(),
    });
    (names.collect(), head)
}

/// Connection events.
pub fn connections(left: &Left) -> Vec<&Value> {
    left.events.iter().filter(|event| event["schema"] == "landfall.connection/1").collect()
}
