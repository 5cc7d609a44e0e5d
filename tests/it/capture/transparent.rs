//! Clients that know of no proxy: three network namespaces, the middle one redirects what passes to Landfall.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use super::super::support::authority::Authority;
use super::super::support::client::try_run;
use super::super::support::landfall::Landfall;
use super::super::support::say;
use super::near::{HOST, connections};

/// A client, a gateway and a server, each in a namespace of its own.
struct Net {
    tag: u32,
}

impl Net {
    /// `None` where the system does not let a test make them.
    fn new() -> Option<Self> {
        let net = Self { tag: std::process::id() };
        let (client, gateway, server) = (net.name("c"), net.name("g"), net.name("s"));
        let made = [&client, &gateway, &server].iter().all(|name| ok(&format!("ip netns add {name}")));
        if !made || !net.within("g", "nft list ruleset") {
            say("skipped: network namespaces and nftables want root");
            return None;
        }
        let tag = net.tag;
        for (side, near, network, name) in [("c", "cg", 1, &client), ("s", "sg", 2, &server)] {
            let (far, own) = (format!("{near}{tag}"), format!("g{side}{tag}"));
            let peer = format!("ip link add {far} netns {name} type veth peer name {own} netns {gateway}");
            assert!(ok(&peer), "{peer}");
            for command in [
                format!("ip addr add 10.77.{network}.2/24 dev {far}"),
                format!("ip addr add fd77:{network}::2/64 dev {far} nodad"),
                format!("ip link set {far} up"),
                "ip link set lo up".to_owned(),
                format!("ip route add default via 10.77.{network}.1"),
                format!("ip route add default via fd77:{network}::1"),
            ] {
                assert!(net.within(side, &command), "{command}");
            }
            for command in [
                format!("ip addr add 10.77.{network}.1/24 dev {own}"),
                format!("ip addr add fd77:{network}::1/64 dev {own} nodad"),
                format!("ip link set {own} up"),
            ] {
                assert!(net.within("g", &command), "{command}");
            }
        }
        assert!(net.within("g", "ip link set lo up"));
        Some(net)
    }

    fn name(&self, side: &str) -> String {
        format!("landfall-{}-{side}", self.tag)
    }

    fn command(&self, side: &str, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name(side), program]);
        command
    }

    fn within(&self, side: &str, command: &str) -> bool {
        ok(&format!("ip netns exec {} {command}", self.name(side)))
    }

    /// Load rules into the gateway.
    fn filter(&self, rules: &str) {
        let path = std::env::temp_dir().join(format!("landfall-{}.nft", self.tag));
        fs::write(&path, rules).expect("written");
        assert!(self.within("g", &format!("nft -f {}", path.display())));
        fs::remove_file(path).expect("removed");
    }

    fn curl(&self, args: &[&str]) -> (bool, String) {
        let output = try_run(self.command("c", "curl").args(["-sS", "--max-time", "20"]).args(args));
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&said).into_owned())
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for side in ["c", "g", "s"] {
            ok(&format!("ip netns del {}", self.name(side)));
        }
    }
}

fn ok(command: &str) -> bool {
    let mut words = command.split(' ');
    let mut command = Command::new(words.next().expect("a program"));
    command.args(words).stderr(Stdio::null()).stdout(Stdio::null()).stdin(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// HTTP on 80, HTTP over TLS on 443, a banner on 25, on both families.
const SERVERS: &str = r#"
import socket, ssl, sys, threading
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1], sys.argv[2])
def serve(connection, port):
    try:
        if port == 25:
            connection.sendall(b"220 hi\r\n")
            return
        if port == 443:
            connection = tls.wrap_socket(connection, server_side=True)
        if connection.recv(65536):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
    except OSError:
        pass
    finally:
        connection.close()
def listen(port):
    server = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    def accept():
        while True:
            threading.Thread(target=serve, args=(server.accept()[0], port), daemon=True).start()
    threading.Thread(target=accept).start()
for port in (25, 80, 443):
    listen(port)
print("ready", flush=True)
"#;

fn serve(net: &Net, authority: &Authority, dir: &Path) -> Child {
    let (certificate, key) = authority.files(&[HOST]);
    fs::write(dir.join("server.pem"), certificate).expect("written");
    fs::write(dir.join("server.key"), key).expect("written");
    let mut python = net.command("s", "/usr/bin/python3");
    python.args(["-c", SERVERS]).arg(dir.join("server.pem")).arg(dir.join("server.key"));
    let mut child = python.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().expect("python3");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("it starts");
    assert_eq!(line, "ready\n");
    child
}

const REDIRECT: &str = "table inet landfall {
    chain inbound {
        type nat hook prerouting priority dstnat;
        tcp dport { 25, 80, 443 } redirect to :8080
    }
}
";
/// What Landfall itself sends is caught as well: a mistake that is easily made.
const LOOP: &str = "table inet landfall {
    chain outbound {
        type nat hook output priority -100;
        tcp dport 443 redirect to :8080
    }
}
";

#[test]
fn redirected_clients_are_opened_by_name_over_both_families() {
    let Some(net) = Net::new() else { return };
    net.filter(REDIRECT);
    let authority = Authority::new();
    let dir = tempfile::tempdir().expect("a directory");
    let mut server = serve(&net, &authority, dir.path());
    fs::write(dir.path().join("origins.pem"), authority.pem()).expect("written");
    let config = "[capture]\nlisteners = [{ name = \"gateway\", listen = \"[::]:8080\" }]\n";
    fs::write(dir.path().join("landfall.toml"), config).expect("written");
    let path = |name: &str| dir.path().join(name).display().to_string();
    let args = ["--config".to_owned(), path("landfall.toml"), "--upstream-ca".to_owned(), path("origins.pem")];
    let landfall = Landfall::start_under(
        net.command("g", super::super::support::landfall::BINARY),
        tempfile::tempdir().expect("a directory"),
        &args,
    );
    let ca = landfall.ca().display().to_string();
    for address in ["10.77.2.2", "[fd77:2::2]"] {
        let at = |port: u16| format!("{HOST}:{port}:{address}");
        let (fine, said) = net.curl(&["--resolve", &at(443), "--cacert", &ca, &format!("https://{HOST}/tls")]);
        assert!(fine && said == "ok", "{address}: {said}");
        let (fine, said) = net.curl(&["--resolve", &at(80), &format!("http://{HOST}/plain")]);
        assert!(fine && said == "ok", "{address}: {said}");
        let (_, said) = net.curl(&[&format!("telnet://{address}:25")]);
        assert!(said.contains("220 hi"), "{address}: {said}");
    }
    // Whoever knows of the proxy asks the same port.
    let (fine, said) = net.curl(&["--proxy", "socks5h://10.77.1.1:8080", "http://10.77.2.2/known"]);
    assert!(fine && said == "ok", "{said}");
    let (fine, _) = net.curl(&["http://10.77.1.1:8080/"]);
    assert!(fine, "answered, with the words that this is a proxy");
    // A port of the gateway's own that is redirected leads nowhere else than the gateway.
    assert!(!net.curl(&["-k", "https://10.77.1.1/"]).0);
    net.filter(LOOP);
    let at = format!("{HOST}:443:10.77.2.2");
    let (_, said) = net.curl(&["--resolve", &at, "--cacert", &ca, &format!("https://{HOST}/loop")]);
    assert!(said.contains("502 Bad Gateway"), "{said}");
    server.kill().expect("it runs");
    server.wait().expect("it ends");
    let left = landfall.stop();
    let mac = try_run(net.command("c", "cat").arg(format!("/sys/class/net/cg{}/address", net.tag)));
    let mac = String::from_utf8(mac.stdout).expect("text").trim().to_owned();
    let redirected: Vec<&Value> =
        left.exchanges().into_iter().filter(|e| e["capture"]["mode"] == "transparent").collect();
    assert_eq!(redirected.len(), 5, "{redirected:?}");
    for exchange in redirected.into_iter().filter(|exchange| exchange["outcome"]["result"] == "completed") {
        assert_eq!(exchange["destination"]["host"], HOST, "by the name in the hello, or in `Host`");
        let address = exchange["destination"]["address"].as_str().expect("an address");
        assert!(["10.77.2.2", "fd77:2::2"].contains(&address), "{address}");
        assert_eq!(exchange["notes"], json!([]));
        assert_eq!(exchange["client"]["device"].as_str(), Some(mac.as_str()));
    }
    let all = connections(&left);
    let with = |key: &str, error: &str| all.iter().filter(|event| event["outcome"][key] == error).count();
    assert!(all.iter().filter(|event| event["capture"]["reason"] == "server_first").count() >= 2, "{all:?}");
    assert!((1..=3).contains(&with("error", "proxy_loop_detected")), "{all:?}");
}
