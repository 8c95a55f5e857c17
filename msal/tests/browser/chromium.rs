//! A real Chromium without a screen, driven by ChromeDriver (WebDriver, <https://www.w3.org/TR/webdriver2/>).
//!
//! It verifies TLS: its profile trusts the local identity provider's certificate authority, and reaches it through the
//! provider's proxy.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use http::Response;
use msal_testing::LocalIdentityProvider;
use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

/// A browser of its own for one test.
pub(crate) struct Chromium {
    agent: Agent,
    driver: Driver,
    home: TempDir,
    session: String,
}

impl Chromium {
    /// Starts one that trusts this certificate authority (a PEM file); none where there is none to start.
    ///
    /// Panics in continuous integration, where there has to be one.
    pub(crate) fn start(provider: &LocalIdentityProvider, ca: &Path) -> Option<Self> {
        let programs = ["chromium", "chromedriver", "certutil", "curl"].map(find);
        let [
            Some(chromium),
            Some(chromedriver),
            Some(certutil),
            Some(_curl),
        ] = programs
        else {
            let missing = "chromium, chromedriver, certutil and curl are needed (Debian: apt-get install \
                           chromium chromium-driver libnss3-tools curl)";
            assert!(!is_needed(), "{missing}");
            eprintln!("skipped: {missing}");
            return None;
        };
        let home = TempDir::new().unwrap();
        trust(&certutil, home.path(), ca);
        let driver = Driver::start(&chromedriver, home.path());
        let config = Agent::config_builder()
            .proxy(None)
            .http_status_as_error(false)
            .timeout_global(Some(LIMIT * 2));
        let mut browser = Self {
            agent: config.build().new_agent(),
            session: format!("http://127.0.0.1:{}/session", driver.port),
            driver,
            home,
        };
        let capabilities = browser.capabilities(&chromium, provider);
        let session = browser.send("", &capabilities).unwrap();
        let id = session["sessionId"].as_str().unwrap();
        browser.session = format!("{}/{id}", browser.session);
        Some(browser)
    }

    /// A program that opens the URL it is given in this browser, as `xdg-open` would in the user's.
    pub(crate) fn opener(&self) -> PathBuf {
        let path = self.home.path().join("open-in-chromium");
        let script = format!(
            "#!/bin/sh\nexec curl --silent --show-error --noproxy '*' --output /dev/null \
             --header 'content-type: application/json' --data \"{{\\\"url\\\":\\\"$1\\\"}}\" '{}/url'\n",
            self.session
        );
        std::fs::write(&path, script).unwrap();
        let status = Command::new("chmod").arg("700").arg(&path).status();
        assert!(status.unwrap().success());
        path
    }

    pub(crate) fn open(&self, url: &str) {
        self.send("/url", &json!({ "url": url })).unwrap();
    }

    pub(crate) fn url(&self) -> String {
        let url = self.get("/url").unwrap();
        url.as_str().unwrap().to_owned()
    }

    /// Types into an input, once there is one.
    pub(crate) fn type_into(&self, selector: &str, text: &str) {
        self.once(selector, |element| {
            self.send(&format!("{element}/clear"), &json!({}))?;
            self.send(&format!("{element}/value"), &json!({ "text": text }))
        });
    }

    /// Clicks on something, once there is something.
    pub(crate) fn click(&self, selector: &str) {
        self.once(selector, |element| {
            self.send(&format!("{element}/click"), &json!({}))
        });
    }

    /// The text of an element, once there is one.
    pub(crate) fn text(&self, selector: &str) -> String {
        let text = self.once(selector, |element| self.get(&format!("{element}/text")));
        text.as_str().unwrap().to_owned()
    }

    /// Waits for a page with this title.
    pub(crate) fn wait_for_title(&self, wanted: &str) {
        self.until(&format!("the title {wanted:?}"), || {
            (self.get("/title")?.as_str() == Some(wanted))
                .then_some(())
                .ok_or_else(|| json!("another title"))
        });
    }

    fn capabilities(&self, chromium: &Path, provider: &LocalIdentityProvider) -> Value {
        let profile = self.home.path().join("profile");
        json!({ "capabilities": { "alwaysMatch": {
            "acceptInsecureCerts": false,
            "goog:chromeOptions": { "binary": chromium, "args": [
                "--headless=new",
                // It runs as root in containers, where its own sandbox cannot.
                "--no-sandbox",
                "--disable-dev-shm-usage",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                format!("--user-data-dir={}", profile.display()),
                format!("--proxy-server={}", provider.proxy_url()),
            ] },
        } } })
    }

    /// Does something with the element, once it is there and can be used: pages come and go.
    fn once(&self, selector: &str, act: impl Fn(&str) -> Result<Value, Value>) -> Value {
        self.until(selector, || {
            let query = json!({ "using": "css selector", "value": selector });
            let element = self.send("/element", &query)?;
            let id = element.as_object().and_then(|one| one.values().next());
            let id = id.and_then(Value::as_str).unwrap();
            act(&format!("/element/{id}"))
        })
    }

    fn until<T>(&self, what: &str, attempt: impl Fn() -> Result<T, Value>) -> T {
        let deadline = Instant::now() + LIMIT;
        loop {
            let error = match attempt() {
                Ok(done) => return done,
                Err(error) => error,
            };
            if Instant::now() >= deadline {
                let page = self.get("/source").unwrap_or_default();
                panic!("no {what} at {}: {error}\n{page}", self.url());
            }
            // A browser says nothing by itself.
            thread::sleep(Duration::from_millis(25));
        }
    }

    fn get(&self, path: &str) -> Result<Value, Value> {
        let url = format!("{}{path}", self.session);
        value_of(self.agent.get(url).call())
    }

    fn send(&self, path: &str, body: &Value) -> Result<Value, Value> {
        let request = self.agent.post(format!("{}{path}", self.session));
        let request = request.content_type("application/json");
        value_of(request.send(body.to_string()))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // Ends Chromium; ChromeDriver would leave it.
        let _ended = self.agent.delete(&self.session).call();
        let _ended = self.driver.process.kill();
        let _ended = self.driver.process.wait();
    }
}

struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    fn start(chromedriver: &Path, home: &Path) -> Self {
        let mut process = Command::new(chromedriver)
            .arg("--port=0")
            .env("HOME", home)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut lines = output.lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.expect("ChromeDriver tells its port");
        // Else it would stop at a full pipe.
        thread::spawn(move || lines.for_each(drop));
        Self { process, port }
    }
}

/// Where Chromium looks on Linux for what its user trusts.
fn trust(certutil: &Path, home: &Path, ca: &Path) {
    let folder = home.join(".pki/nssdb");
    std::fs::create_dir_all(&folder).unwrap();
    let database = format!("sql:{}", folder.display());
    let run = |arguments: &[&str]| {
        let mut command = Command::new(certutil);
        let status = command.args(["-d", &database]).args(arguments).status();
        assert!(status.unwrap().success(), "certutil {arguments:?}");
    };
    run(&["-N", "--empty-password"]);
    let ca = ca.to_str().unwrap();
    run(&["-A", "-t", "C,,", "-n", "local", "-i", ca]);
}

fn value_of(answer: Result<Response<ureq::Body>, ureq::Error>) -> Result<Value, Value> {
    let mut answer = answer.map_err(|error| json!(error.to_string()))?;
    let text = answer.body_mut().read_to_string().unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap_or_default();
    match answer.status().is_success() {
        true => Ok(body["value"].take()),
        false => Err(body["value"]["message"].take()),
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|path| path.is_file())
}

fn is_needed() -> bool {
    ["CI", "MSAL_NEEDS_CHROMIUM"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Far above what a page takes on a loaded machine.
const LIMIT: Duration = Duration::from_secs(60);
