use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// A session bus of its own, on which nothing is started by itself.
pub(crate) struct Bus {
    daemon: Child,
    pub(crate) address: String,
    pub(crate) folder: TempDir,
}

impl Bus {
    /// None, which is said, where there is no `dbus-daemon`.
    pub(crate) fn start() -> Option<Self> {
        if !has("dbus-daemon") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("bus.conf");
        let socket = folder.path().join("bus").display().to_string();
        fs::write(&config, CONFIG.replace("SOCKET", &socket)).unwrap();
        let mut daemon = Command::new("dbus-daemon")
            .arg(format!("--config-file={}", config.display()))
            .args(["--nofork", "--print-address"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut address = String::new();
        let mut lines = BufReader::new(daemon.stdout.take().unwrap());
        lines.read_line(&mut address).unwrap();
        Some(Self {
            daemon,
            address: address.trim().to_owned(),
            folder,
        })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> zbus::blocking::Connection {
        let builder = zbus::blocking::connection::Builder::address(self.address.as_str());
        builder.unwrap().build().unwrap()
    }

    /// Ends the bus, in the middle of whatever is on it.
    pub(crate) fn stop(&mut self) {
        self.daemon.kill().unwrap();
        self.daemon.wait().unwrap();
    }
}

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// Whether a program can be run at all. Says so where it cannot, and fails where it must.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| is_file(&folder.join(program)));
    if !found {
        let is_needed = ["CI", "MSAL_NEEDS_SECRET_SERVICE"]
            .iter()
            .any(|variable| std::env::var_os(variable).is_some());
        assert!(!is_needed, "no `{program}`");
        eprintln!("skipped: there is no `{program}` here");
    }
    found
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| found.is_file())
}

const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=SOCKET</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;
