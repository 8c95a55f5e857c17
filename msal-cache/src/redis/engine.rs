use std::fmt;
use std::time::{Duration, Instant};

use msal_core::Error;
use rand::TryRng;
use rand::rngs::SysRng;
use redis::Value;
use zeroize::Zeroizing;

use super::keys::Keys;
use super::lease::Taken;
use super::link::Link;
use super::script::{LEASE, PUT, RELEASE, REMOVE, SET_ASIDE};
use super::{RedisError, RedisOptions};
use crate::persist::{Content, Found, Loaded, Make, Next, Updated, Version};

/// What both stores do.
#[derive(Debug)]
pub(super) struct Engine {
    link: Link,
    keys: Keys,
    life: Duration,
    update_wait: Duration,
    limit: u64,
}

impl Engine {
    pub(super) fn new(options: RedisOptions) -> Result<Self, Error> {
        if let Some(error) = options.invalid {
            return Err(error);
        }
        options.tls.check(options.address.is_tls)?;
        let link = Link::new(
            options.address,
            options.tls,
            options.connect_timeout,
            options.response_timeout,
        );
        Ok(Self {
            link,
            keys: Keys::new(options.prefix)?,
            life: options.life,
            update_wait: options.update_wait,
            limit: options.limit,
        })
    }

    pub(super) async fn load(&self, name: &str, seen: Option<&Version>) -> Result<Loaded, Error> {
        let key = self.keys.value(name);
        if let Some(seen) = seen
            && self.version(&key).await? == *seen
        {
            return Ok(Loaded::Unchanged);
        }
        Ok(Loaded::Found(self.value(&key).await?))
    }

    pub(super) async fn update(&self, name: &str, make: &mut Make<'_>) -> Result<Updated, Error> {
        let since = Instant::now();
        let key = self.keys.value(name);
        let mut found = self.value(&key).await?;
        let mut pauses = Pauses::default();
        loop {
            let before = found.version.clone();
            let swap = match make(&found)? {
                Next::Keep => Swap::Done(before.clone()),
                Next::Put(content) => self.put(&key, &before, content).await?,
                Next::Remove => self.remove(name, &before).await?,
            };
            match swap {
                Swap::Done(after) => return Ok(Updated { before, after }),
                Swap::Late(now) => found = now,
            }
            let waited = since.elapsed();
            if waited >= self.update_wait {
                return Err(RedisError::Busy { waited }.into());
            }
            tokio::time::sleep(pauses.next()).await;
        }
    }

    pub(super) async fn set_aside(&self, name: &str, damaged: &Version) -> Result<(), Error> {
        if damaged.as_bytes().is_empty() {
            return Ok(());
        }
        let keys = [&*self.keys.value(name), &*self.keys.corrupt(name)];
        let life = milliseconds(WEEK);
        let arguments = [damaged.as_bytes(), life.as_bytes()];
        self.link.run(&SET_ASIDE, &keys, &arguments).await?;
        Ok(())
    }

    /// None where somebody else kept it for all that time.
    pub(super) async fn lease(
        &self,
        name: &str,
        digest: &[u8; 32],
        limit: Duration,
    ) -> Result<Option<Taken>, Error> {
        let since = Instant::now();
        let taken = Taken {
            key: self.keys.lease(name, digest),
            token: random(),
        };
        let life = milliseconds(LEASE_LIFE);
        let arguments = [&taken.token[..], life.as_bytes()];
        loop {
            let answer = self.link.run(&LEASE, &[&taken.key], &arguments).await?;
            if answer == Value::Int(1) {
                return Ok(Some(taken));
            }
            let left = limit.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let pause = rand::random_range(SHORTEST_POLL..=LONGEST_POLL);
            tokio::time::sleep(pause.min(left)).await;
        }
    }

    pub(super) async fn release(&self, taken: &Taken) -> Result<(), RedisError> {
        end(&self.link, taken).await
    }

    /// Ends a lease over a connection of its own: what drives the other one may be gone.
    pub(super) async fn release_alone(&self, taken: &Taken) -> Result<(), RedisError> {
        end(&self.link.another(), taken).await
    }

    async fn value(&self, key: &str) -> Result<Found, RedisError> {
        let value = self.link.ask("reading", redis::cmd("GET").arg(key)).await?;
        found("reading", value)
    }

    async fn version(&self, key: &str) -> Result<Version, RedisError> {
        let mut command = redis::cmd("GETRANGE");
        command.arg(key).arg(-TAIL).arg(-1);
        match self.link.ask("comparing", &command).await? {
            Value::BulkString(bytes) => Ok(Version::new(bytes)),
            _ => Err(RedisError::Answer { doing: "comparing" }),
        }
    }

    async fn put(
        &self,
        key: &str,
        before: &Version,
        mut content: Content,
    ) -> Result<Swap, RedisError> {
        let bytes = content.bytes.len() as u64;
        if bytes > self.limit {
            let limit = self.limit;
            return Err(RedisError::TooLarge { bytes, limit });
        }
        let after = random();
        content.bytes = tailed(content.bytes, &after);
        let life = milliseconds(content.life.unwrap_or(self.life));
        let arguments = [before.as_bytes(), &content.bytes[..], life.as_bytes()];
        let answer = self.link.run(&PUT, &[key], &arguments).await?;
        let after = Version::new(after);
        match answer {
            Value::Int(_) => Ok(Swap::Done(after)),
            now => match found(PUT.doing, now)? {
                // It was written, but the answer was lost and it was sent again.
                now if now.version == after => Ok(Swap::Done(after)),
                now => Ok(Swap::Late(now)),
            },
        }
    }

    async fn remove(&self, name: &str, before: &Version) -> Result<Swap, RedisError> {
        let keys = [&*self.keys.value(name), &*self.keys.corrupt(name)];
        let arguments = [before.as_bytes()];
        match self.link.run(&REMOVE, &keys, &arguments).await? {
            Value::Int(_) | Value::Nil => Ok(Swap::Done(nothing())),
            now => Ok(Swap::Late(found(REMOVE.doing, now)?)),
        }
    }

    pub(super) fn describe(&self, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(name)
            .field("address", self.link.address())
            .field("prefix", &self.keys.prefix())
            .finish()
    }
}

async fn end(link: &Link, taken: &Taken) -> Result<(), RedisError> {
    let arguments = [&taken.token[..]];
    link.run(&RELEASE, &[&taken.key], &arguments)
        .await
        .map(drop)
}

/// How an attempt to change a value ended.
enum Swap {
    /// This is the version now.
    Done(Version),
    /// Somebody else was quicker, and made it this.
    Late(Found),
}

/// Parts a value from its version.
fn found(doing: &'static str, value: Value) -> Result<Found, RedisError> {
    let mut bytes = match value {
        Value::BulkString(bytes) if !bytes.is_empty() => Zeroizing::new(bytes),
        Value::BulkString(_) | Value::Nil => {
            return Ok(Found {
                bytes: None,
                version: nothing(),
            });
        }
        _ => return Err(RedisError::Answer { doing }),
    };
    // Of what is not ours and shorter, all is version: nobody can read it, but it can be set aside.
    let end = bytes.len().saturating_sub(TAIL.unsigned_abs());
    let tail = bytes.split_off(end);
    Ok(Found {
        bytes: Some(bytes),
        version: Version::new(tail),
    })
}

/// The version of there being nothing.
fn nothing() -> Version {
    Version::new([])
}

/// A value with its version.
fn tailed(mut bytes: Zeroizing<Vec<u8>>, version: &[u8]) -> Zeroizing<Vec<u8>> {
    if bytes.capacity().saturating_sub(bytes.len()) >= version.len() {
        bytes.extend_from_slice(version);
        return bytes;
    }
    // Growing it in place would leave the old copy behind unwiped.
    let mut whole = Zeroizing::new(Vec::with_capacity(
        bytes.len().saturating_add(version.len()),
    ));
    whole.extend_from_slice(&bytes);
    whole.extend_from_slice(version);
    whole
}

/// From the operating system, so that neither a forked process nor another machine has the same.
fn random() -> [u8; TAIL.unsigned_abs()] {
    let mut bytes = [0; TAIL.unsigned_abs()];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system always has randomness");
    bytes
}

/// As Redis takes times: at least one, and not so many that it could not add them up.
fn milliseconds(time: Duration) -> String {
    time.clamp(Duration::from_millis(1), TEN_YEARS)
        .as_millis()
        .to_string()
}

/// Pauses of random length, which grow but stay so short that whoever writes often is not ahead for long.
#[derive(Default)]
struct Pauses(u32);

impl Pauses {
    fn next(&mut self) -> Duration {
        let longest = FIRST_PAUSE.saturating_mul(1 << self.0).min(LAST_PAUSE);
        self.0 = self.0.saturating_add(1).min(16);
        rand::random_range(Duration::ZERO..=longest)
    }
}

/// The bytes of a version, at the end of the value: what is before them is then what it was, without a copy.
const TAIL: isize = 16;

const FIRST_PAUSE: Duration = Duration::from_micros(250);

const LAST_PAUSE: Duration = Duration::from_millis(16);

const SHORTEST_POLL: Duration = Duration::from_millis(10);

const LONGEST_POLL: Duration = Duration::from_millis(50);

/// For how long a lease binds when its holder died.
const LEASE_LIFE: Duration = Duration::from_secs(35);

const WEEK: Duration = Duration::from_secs(7 * 86_400);

const TEN_YEARS: Duration = Duration::from_secs(3_650 * 86_400);
