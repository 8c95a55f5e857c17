use std::io::Write;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::bus::{Bus, has};

/// gnome-keyring, unlocked, on a bus and with a home of its own.
pub(crate) struct Daemon {
    process: Child,
    pub(crate) bus: Bus,
}

impl Daemon {
    /// None, which is said, where there is none, or not libsecret's command to look into it.
    pub(crate) fn start() -> Option<Self> {
        if !has("gnome-keyring-daemon") || !has("secret-tool") {
            return None;
        }
        let bus = Bus::start()?;
        let mut process = at_home(&bus, "gnome-keyring-daemon")
            .args(["--foreground", "--unlock", "--components=secrets"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut password = process.stdin.take().unwrap();
        password.write_all(b"correct horse").unwrap();
        drop(password);
        let daemon = Self { process, bus };
        daemon.wait_for_collection();
        Some(daemon)
    }

    /// What libsecret's command says.
    pub(crate) fn tool(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut tool = at_home(&self.bus, "secret-tool")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // One that reads nothing may be gone already.
        let _ = tool.stdin.take().unwrap().write_all(input);
        tool.wait_with_output().unwrap()
    }

    /// What libsecret finds under these attributes.
    pub(crate) fn lookup(&self, attributes: &[&str]) -> Vec<u8> {
        self.tool(&[&["lookup"], attributes].concat(), b"").stdout
    }

    pub(crate) fn store(&self, attributes: &[&str], secret: &[u8]) {
        let stored = self.tool(
            &[&["store", "--label=a label"], attributes].concat(),
            secret,
        );
        assert!(stored.status.success());
    }

    /// Locks all that it keeps.
    pub(crate) fn lock(&self) {
        let collection = zbus::zvariant::ObjectPath::try_from(LOGIN).unwrap();
        let service = Some("org.freedesktop.Secret.Service");
        let connection = self.bus.connect();
        let locked = connection.call_method(
            Some("org.freedesktop.secrets"),
            "/org/freedesktop/secrets",
            service,
            "Lock",
            &(vec![collection],),
        );
        locked.unwrap();
    }

    fn wait_for_collection(&self) {
        let connection = self.bus.connect();
        let started = Instant::now();
        loop {
            let found = connection.call_method(
                Some("org.freedesktop.secrets"),
                "/org/freedesktop/secrets",
                Some("org.freedesktop.Secret.Service"),
                "ReadAlias",
                &"default",
            );
            let path = found.ok().and_then(|answer| {
                let path: zbus::zvariant::OwnedObjectPath = answer.body().deserialize().ok()?;
                Some(path.to_string())
            });
            if path.as_deref() == Some(LOGIN) {
                return;
            }
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "it does not start"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn at_home(bus: &Bus, program: &str) -> Command {
    let home = bus.folder.path();
    let mut command = Command::new(program);
    command
        .env("DBUS_SESSION_BUS_ADDRESS", &bus.address)
        .env("HOME", home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_RUNTIME_DIR", home);
    command
}

const LOGIN: &str = "/org/freedesktop/secrets/collection/login";
