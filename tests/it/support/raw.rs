//! Origins and clients of plain sockets: a test says what every byte and every ending is.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject;
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    SupportedProtocolVersion,
};

use super::landfall::Landfall;

/// Longest that a test waits for a peer.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A listener whose connections each go to a function, in a thread of their own.
pub struct RawOrigin {
    pub address: SocketAddr,
    accepted: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

pub type ServerTls = StreamOwned<ServerConnection, TcpStream>;
pub type ClientTls = StreamOwned<ClientConnection, TcpStream>;

impl RawOrigin {
    /// `handle` gets each connection and its number, from 0.
    pub fn start(ip: &str, handle: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("loopback can be bound");
        let address = listener.local_addr().expect("an address");
        let (stop, accepted) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted, handle) = (Arc::clone(&stop), Arc::clone(&accepted), Arc::new(handle));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let number = counted.fetch_add(1, Ordering::Relaxed);
                let handle = Arc::clone(&handle);
                stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
                std::thread::spawn(move || handle(stream, number));
            }
        });
        Self { address, accepted, stop }
    }

    /// The same behind TLS. A handshake that fails is not handed on.
    pub fn tls(ip: &str, config: Arc<ServerConfig>, handle: impl Fn(ServerTls, usize) + Send + Sync + 'static) -> Self {
        Self::start(ip, move |stream, number| {
            let connection = ServerConnection::new(Arc::clone(&config)).expect("a configuration");
            let mut tls = StreamOwned::new(connection, stream);
            while tls.conn.is_handshaking() {
                if tls.conn.complete_io(&mut tls.sock).is_err() {
                    return;
                }
            }
            handle(tls, number);
        })
    }

    /// Connections so far.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::Relaxed)
    }

    /// For `--resolve`.
    pub fn resolve(&self, host: &str, port: u16) -> String {
        format!("{host}:{port}:{}", self.address)
    }
}

impl Drop for RawOrigin {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(TcpStream::connect(self.address));
    }
}

/// Reads to the end of a head; empty where the peer closed before.
pub fn head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return String::new(),
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// What a whole answer of `body` looks like.
pub fn answer(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Answers every request of a connection with the same.
pub fn answering(text: &'static str) -> impl Fn(ServerTls, usize) + Send + Sync + 'static {
    move |mut stream, _| {
        while !head(&mut stream).is_empty() {
            if stream.write_all(answer(text).as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// End with a reset.
pub fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).expect("an option");
}

/// Everything up to the end, and how that came.
pub fn rest(stream: &mut impl Read) -> (Vec<u8>, io::Result<()>) {
    let mut all = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => return (all, Ok(())),
            Ok(count) => all.extend_from_slice(&chunk[..count]),
            Err(error) => return (all, Err(error)),
        }
    }
}

/// A connection to the proxy, from an address of its own.
pub fn connect_from(from: &str, landfall: &Landfall) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    let from: SocketAddr = format!("{from}:0").parse().expect("an address");
    socket.bind(&from.into()).expect("loopback can be bound");
    socket.connect(&landfall.proxy.into()).expect("the proxy accepts");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
    stream
}

/// Ask for a tunnel: the answer's head, and the tunnel.
pub fn tunnel_from(from: &str, landfall: &Landfall, target: &str) -> (String, TcpStream) {
    let mut stream = connect_from(from, landfall);
    write!(stream, "CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n").expect("it is read");
    let head = head(&mut stream);
    (head, stream)
}

/// A tunnel that must come about.
#[track_caller]
pub fn tunnel(landfall: &Landfall, target: &str) -> TcpStream {
    let (head, stream) = tunnel_from("127.0.0.1", landfall, target);
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    stream
}

pub const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];

pub const V13: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
pub const V12: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

/// A client that trusts Landfall, with these protocols.
pub fn trusting(landfall: &Landfall, versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(landfall.ca()).expect("the CA");
    roots.add(rustls::pki_types::CertificateDer::from_pem_slice(&pem).expect("PEM")).expect("a root");
    client(roots, versions, alpn)
}

/// A client that trusts nobody.
pub fn distrusting() -> ClientConfig {
    client(RootCertStore::empty(), BOTH, &["http/1.1"])
}

fn client(roots: RootCertStore, versions: &[&'static SupportedProtocolVersion], alpn: &[&str]) -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    config
}

/// Shake hands over a tunnel.
pub fn shake(config: ClientConfig, name: &str, mut stream: TcpStream) -> io::Result<ClientTls> {
    let name = ServerName::try_from(name.to_owned()).expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a configuration");
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut stream) {
            // The alert that says why goes out with what is left to write.
            drop(connection.write_tls(&mut stream));
            return Err(error);
        }
    }
    Ok(StreamOwned::new(connection, stream))
}

/// What threads of a test tell it.
pub type Told<T> = Arc<Mutex<Vec<T>>>;
