use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use msal_testing::{App, Endpoint, LocalIdentityProvider};
use url::Url;

use crate::client::{Client, Way};
use crate::{good_fields, token_url};

#[test]
fn malformed_requests_do_not_end_it() {
    let provider = LocalIdentityProvider::start().unwrap();
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000));
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(1_000));
    let cases: [&[u8]; 16] = [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET http:// HTTP/1.1\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
        b"CONNECT HTTP/1.1\r\n\r\n",
        b"CONNECT host HTTP/1.1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\xff\xff\x00\x00\x00\x00",
        b"\x00\x01\x02\x03",
        long.as_bytes(),
        many.as_bytes(),
    ];
    for bytes in cases {
        let mut stream = TcpStream::connect(provider.address()).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        // It may close before it has read all.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    let paths = [
        "/",
        "//",
        "/%",
        "/%ff%fe/v2.0/.well-known/openid-configuration",
        "/tfp",
        "/tfp/a/b",
        "/adfs",
        "/dstsv2",
        "/dstsv2/x/oauth2/v2.0/token",
        "/?%",
        "/common/discovery/instance?=&&",
    ];
    for path in paths {
        let url = format!("https://login.microsoftonline.com{path}");
        assert!(
            Client::of(&provider).get(&url).unwrap().status >= 400,
            "{path}"
        );
    }
    assert_eq!(
        Client::of(&provider)
            .post(&token_url(), &good_fields())
            .unwrap()
            .status,
        200
    );
}

#[test]
fn clients_that_go_at_any_point_do_not_end_it() {
    let provider = LocalIdentityProvider::start().unwrap();
    let client = Client::of(&provider);
    let url = Url::parse(&token_url()).unwrap();
    let request = client.request("POST", &url, &[], "grant_type=client_credentials");
    for end in [0, 1, 20, request.len() - 1, request.len()] {
        let mut connection = client.connect(&url).unwrap();
        connection.send(&request[..end]).unwrap();
    }
    for bytes in [
        &b""[..],
        b"C",
        b"CONNECT login.microsoftonline.com:443 HTTP/1.1\r\n\r\n",
        b"\x16",
        b"\x16\x03\x01",
    ] {
        TcpStream::connect(provider.address())
            .unwrap()
            .write_all(bytes)
            .unwrap();
    }
    let hold = provider.hold(Endpoint::Token);
    let mut connection = client.connect(&url).unwrap();
    connection.send(&request).unwrap();
    provider
        .wait_for(Endpoint::Token, 1, Duration::from_secs(10))
        .unwrap();
    drop(connection);
    drop(hold);
    assert_eq!(
        client.post(&token_url(), &good_fields()).unwrap().status,
        200
    );
}

#[test]
fn five_hundred_clients_at_once_are_served() {
    let provider = LocalIdentityProvider::builder()
        .opaque_access_tokens(1_100)
        .start()
        .unwrap();
    let served = AtomicUsize::new(0);
    let hold = provider.hold(Endpoint::Token);
    thread::scope(|scope| {
        for _ in 0..500 {
            scope.spawn(|| {
                let response = Client::of(&provider)
                    .post(&token_url(), &good_fields())
                    .unwrap();
                assert_eq!(response.status, 200);
                served.fetch_add(1, Ordering::Relaxed);
            });
        }
        provider
            .wait_for(Endpoint::Token, 500, Duration::from_secs(60))
            .unwrap();
        assert_eq!(served.load(Ordering::Relaxed), 0);
        hold.release();
    });
    assert_eq!(served.into_inner(), 500);
    assert_eq!(provider.count(Endpoint::Token), 500);
    assert_eq!(provider.connections(), 500);
}

#[test]
fn it_stops_when_it_is_dropped_whatever_is_open() {
    let provider = LocalIdentityProvider::start().unwrap();
    let port = provider.port();
    let directory = provider.directory().to_owned();
    assert!(provider.ca_file().exists());
    let url = Url::parse(&token_url()).unwrap();
    let mut connection = Client::of(&provider).connect(&url).unwrap();
    let hold = provider.hold(Endpoint::Token);
    drop(provider);
    drop(hold);
    assert!(
        connection
            .send("GET / HTTP/1.1\r\n\r\n")
            .and_then(|()| connection.read())
            .is_err()
    );
    drop(TcpListener::bind(("127.0.0.1", port)).unwrap());
    assert!(!directory.exists());
}

#[test]
fn it_starts_waits_and_stops_inside_an_async_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let provider = LocalIdentityProvider::start().unwrap();
        let waiting = provider.wait_for_async(Endpoint::Token, 1, Duration::from_secs(10));
        let client = Client::of(&provider);
        let answer =
            thread::spawn(move || client.post(&token_url(), &good_fields()).unwrap().status);
        assert_eq!(
            waiting.await.unwrap().form_field("grant_type").as_deref(),
            Some("client_credentials")
        );
        assert_eq!(answer.join().unwrap(), 200);
    });
}

#[test]
fn files_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let provider = LocalIdentityProvider::builder()
        .directory(folder.path().join("new"))
        .start()
        .unwrap();
    let again = LocalIdentityProvider::builder()
        .directory(provider.directory())
        .start()
        .unwrap();
    assert_eq!(
        std::fs::read_to_string(again.ca_file()).unwrap(),
        again.ca_pem()
    );
    assert_eq!(
        std::fs::read_to_string(again.client_key_file()).unwrap(),
        again.client_certificate().private_key_pem()
    );
    for entry in std::fs::read_dir(again.directory()).unwrap() {
        let entry = entry.unwrap();
        #[cfg(unix)]
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&entry.metadata().unwrap().permissions())
                & 0o777,
            0o600,
            "{entry:?}"
        );
    }
    drop((provider, again));
    assert!(
        folder.path().join("new/ca.pem").exists(),
        "a given folder stays"
    );
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let provider = LocalIdentityProvider::start().unwrap();
    let error = LocalIdentityProvider::builder()
        .port(provider.port())
        .start()
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

#[test]
fn the_summary_lists_what_a_program_needs() {
    let provider = LocalIdentityProvider::builder()
        .app(App::new("mine").secret("s"))
        .start()
        .unwrap();
    let summary = provider.summary();
    assert_eq!(summary["proxy_url"], provider.proxy_url());
    let apps = summary["apps"].as_array().unwrap();
    let mine = apps.iter().find(|app| app["client_id"] == "mine").unwrap();
    assert_eq!(mine["client_secret"], "s");
    let certificate = apps
        .iter()
        .find(|app| app.get("key_file").is_some())
        .unwrap();
    assert!(std::path::Path::new(certificate["key_file"].as_str().unwrap()).exists());
    assert_eq!(summary["users"][0]["username"], "alice@contoso.com");
    assert_eq!(
        Client::new(&provider, Way::Direct)
            .get(&token_url())
            .unwrap()
            .status,
        400
    );
}

#[cfg(unix)]
#[test]
fn the_binary_prints_one_line_of_json_and_serves_until_it_is_told_to_stop() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Command::new(env!("CARGO_BIN_EXE_local-identity-provider"))
        .args(["--dir", folder.path().to_str().unwrap(), "--control"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = summary["plain_url"]
        .as_str()
        .unwrap()
        .strip_prefix("http://")
        .unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    write!(
        stream,
        "GET /.control/journal HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    assert!(
        response.starts_with("HTTP/1.1 200 OK") && response.ends_with("[]"),
        "{response}"
    );
    let app = &summary["apps"][1];
    for name in ["certificate_file", "key_file", "pfx_file"] {
        assert!(
            std::path::Path::new(app[name].as_str().unwrap()).exists(),
            "{name}"
        );
    }
    assert!(
        Command::new("kill")
            .arg(process.id().to_string())
            .status()
            .unwrap()
            .success()
    );
    assert!(process.wait().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
