//! Where the listener listens, and who else can.

use std::fs;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use msal::ResponseMode;
use msal::interactive::{ListenError, LoopbackListener, Pages};
use socket2::{Domain, Socket, Type};

use super::client::{self, connect};
use super::sign_in::SignIn;

#[test]
fn the_loopback_addresses_are_listened_on_and_no_others() {
    let listener = LoopbackListener::bind(0).unwrap();
    let mut expected = vec!["0100007F".to_owned()];
    let tcp6 = fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    if tcp6.contains("00000000000000000000000000000001") {
        expected.push("00000000000000000000000001000000".to_owned());
    }
    assert_eq!(listening_on(listener.port()), expected);
    let port = listener.port();
    drop(listener);
    // A child that another test is just starting holds it for a moment.
    let start = Instant::now();
    while !listening_on(port).is_empty() {
        assert!(start.elapsed() < Duration::from_secs(2), "{port}");
        thread::yield_now();
    }
}

/// The addresses, as the kernel writes them, on which somebody listens to a port.
fn listening_on(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"]
        .map(|path| fs::read_to_string(path).unwrap_or_default());
    let lines = tables.iter().flat_map(|table| table.lines().skip(1));
    lines
        .filter_map(|line| {
            let mut columns = line.split_whitespace().skip(1);
            let (address, at) = columns.next()?.split_once(':')?;
            let state = columns.nth(1)?;
            (state == "0A" && at == format!("{port:04X}")).then(|| address.to_owned())
        })
        .collect()
}

#[test]
fn from_another_machine_the_port_is_closed() {
    let Some(network) = Network::new() else {
        eprintln!("skipped: another network takes root and `ip`");
        return;
    };
    let sign_in = SignIn::start(ResponseMode::FormPost);
    // One that listens everywhere is reached, so the other machine has a way here.
    let everywhere = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    assert!(network.reaches(everywhere.local_addr().unwrap().port()));
    assert!(!network.reaches(sign_in.port));
    sign_in.succeed();
}

/// A network namespace with a cable to this one.
struct Network {
    name: String,
    cable: String,
    here: String,
}

impl Network {
    fn new() -> Option<Self> {
        let id = std::process::id();
        let net = format!("10.{}.{}", 64 + id % 64, id / 64 % 256);
        let network = Self {
            name: format!("msal-{id}"),
            cable: format!("msal{id}"),
            here: format!("{net}.1"),
        };
        let (name, cable) = (&network.name, &network.cable);
        let there = format!("{cable}t");
        let steps = [
            format!("netns add {name}"),
            format!("link add {cable} type veth peer name {there} netns {name}"),
            format!("addr add {net}.1/30 dev {cable}"),
            format!("link set {cable} up"),
            format!("-n {name} addr add {net}.2/30 dev {there}"),
            format!("-n {name} link set {there} up"),
        ];
        let made = steps
            .iter()
            .all(|step| ip(step).is_some_and(|output| output.status.success()));
        made.then_some(network)
    }

    fn reaches(&self, port: u16) -> bool {
        let script = format!("exec 3<>/dev/tcp/{}/{port}", self.here);
        let output = Command::new("ip")
            .args([
                "netns", "exec", &self.name, "timeout", "10", "bash", "-c", &script,
            ])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() || said.contains("refused"),
            "{said}"
        );
        output.status.success()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        ip(&format!("link del {}", self.cable));
        ip(&format!("netns del {}", self.name));
    }
}

fn ip(arguments: &str) -> Option<Output> {
    Command::new("ip").args(arguments.split(' ')).output().ok()
}

#[test]
fn a_busy_port_is_an_error_that_names_it() {
    for address in ["127.0.0.1:0", "[::1]:0", "0.0.0.0:0"] {
        let Ok(other) = TcpListener::bind(address) else {
            eprintln!("no {address} here");
            continue;
        };
        let busy = other.local_addr().unwrap().port();
        let error = LoopbackListener::bind(busy).unwrap_err();
        assert!(
            matches!(error, ListenError::Busy { port } if port == busy),
            "{error:?}"
        );
        assert!(error.to_string().contains(&busy.to_string()), "{error}");
    }
}

#[test]
fn nobody_binds_the_port_beside_us() {
    let listener = LoopbackListener::bind(0).unwrap();
    for address in ["127.0.0.1", "0.0.0.0"] {
        let address: SocketAddr = format!("{address}:{}", listener.port()).parse().unwrap();
        let thief = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        thief.set_reuse_port(true).unwrap();
        thief.set_reuse_address(true).unwrap();
        let stolen = thief.bind(&address.into()).and_then(|()| thief.listen(1));
        assert_eq!(
            stolen.unwrap_err().kind(),
            ErrorKind::AddrInUse,
            "{address}"
        );
    }
}

#[test]
fn a_fixed_port_can_be_had_again_at_once() {
    // On a busy machine a browser may be slower than the listener's patience: then the port is blocked for a while.
    let outcomes = (0..5).map(|_| three_sign_ins_at_one_port());
    let failures: Vec<_> = outcomes.take_while(Result::is_err).collect();
    assert!(failures.len() < 5, "{failures:?}");
}

fn three_sign_ins_at_one_port() -> Result<(), ListenError> {
    let mut port = 0;
    for _ in 0..3 {
        let listener = LoopbackListener::bind(port)?;
        port = listener.port();
        let sign_in = SignIn::with(
            listener,
            ResponseMode::FormPost,
            Pages::new(),
            Duration::from_secs(60),
        );
        // What a browser opens ahead of need stays open.
        let _idle = [connect(port), connect(port)];
        assert_eq!(sign_in.refused(&client::get(port, "/favicon.ico")), 404);
        sign_in.succeed();
    }
    Ok(())
}
