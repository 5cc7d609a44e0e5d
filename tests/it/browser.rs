//! Headless Chromium through Landfall, loading a page with its sub-resources.

use std::path::Path;
use std::process::Command;

use super::support::lab::{ADVERTISER, BACKEND, Lab, elements, placed};
use super::support::{agree, canary, client, say};

#[test]
fn a_page_loads_whole_and_each_of_its_requests_is_recorded() {
    let Some(chromium) = ["/usr/bin/chromium", "/usr/bin/google-chrome"].iter().find(|path| Path::new(path).exists())
    else {
        say("skipped: no Chromium is installed; `tests/run` installs it where the system has it as a package");
        return;
    };
    let lab = Lab::new(&["h2", "http/1.1"]);
    let landfall = lab.landfall();
    let home = tempfile::tempdir().expect("a temporary directory");
    trust(home.path(), &landfall.ca());
    let output = client::run(
        Command::new(chromium)
            .env("HOME", home.path())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--disable-features=OptimizationHints,MediaRouter", "--dump-dom"])
            .arg(format!("--user-data-dir={}", home.path().join("profile").display()))
            .arg(format!("--proxy-server=http://{}", landfall.proxy))
            .arg("--proxy-bypass-list=<-loopback>")
            .arg(format!("https://{BACKEND}/page")),
    );
    let page = String::from_utf8_lossy(&output.stdout);
    assert!(page.contains("status 200, echo 41"), "{page}{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(lab.advertiser.request("/echo").length, 41);

    // The browser also talks to its maker, in vain here; only what goes to the lab counts.
    let metrics = landfall.metrics_after(5);
    let left = landfall.stop();
    let of = |host: &str| left.exchanges().into_iter().filter(|e| e["destination"]["host"] == host).collect::<Vec<_>>();
    let mut paths: Vec<_> = of(BACKEND).iter().filter_map(|e| e["http"]["path_template"].as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/app.js", "/image.svg", "/page", "/style.css"]);
    assert!(of(BACKEND).iter().all(|event| placed(event) == ("US", "US", "acme_weather")));
    let told = of(ADVERTISER);
    assert_eq!(told.len(), 1);
    assert_eq!((placed(told[0]), elements(told[0]).contains(&"email")), (("CN", "CN", "ads_of_asia"), true));
    if left.exchanges().len() == 5 {
        agree::check(&metrics, &left.exchanges());
    }
    canary::assert_absent(&left, &metrics);
}

/// Put the CA into the certificate store that Chromium reads on Linux.
fn trust(home: &Path, ca: &Path) {
    let store = home.join(".pki/nssdb");
    std::fs::create_dir_all(&store).expect("made");
    let database = format!("sql:{}", store.display());
    let certutil = |args: &[&str]| client::run(Command::new("certutil").args(["-d", &database]).args(args));
    certutil(&["-N", "--empty-password"]);
    certutil(&["-A", "-t", "C,,", "-n", "landfall", "-i", &ca.display().to_string()]);
}
