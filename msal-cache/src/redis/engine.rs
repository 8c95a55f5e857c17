use std::fmt;
use std::time::{Duration, Instant};

use msal_core::{Error, ErrorKind};
use rand::TryRng;
use rand::rngs::SysRng;
use redis::Value;
use zeroize::Zeroizing;

use super::keys::Keys;
use super::lease::{Taken, tell};
use super::link::Link;
use super::script::{LEASE, PUT, RELEASE, REMOVE, SET_ASIDE};
use super::wait::{Pauses, Wait};
use super::{RedisError, RedisOptions};
use crate::persist::{Content, Found, Layout, Loaded, Make, Next, Updated, Version};

/// What both stores do.
#[derive(Debug)]
pub(super) struct Engine {
    pub(super) layout: Layout,
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
            layout: options.layout,
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
        let writer = Writer {
            value: self.keys.value(name),
            turn: Taken {
                key: self.keys.turn(name),
                token: random(),
            },
            corrupt: self.keys.corrupt(name),
        };
        let wait = Wait::new(self.update_wait);
        // Most are alone. Whoever is not takes turns, so that nobody is too late for ever.
        if let Some(updated) = self.attempt(&writer, make).await? {
            return Ok(updated);
        }
        let updated = self.attempt_in_turn(&writer, make, &wait).await;
        match &updated {
            // A write ends the turn itself. Where Redis failed, it expires.
            Ok(updated) if updated.before != updated.after => {}
            Err(error) if *error.kind() == ErrorKind::Cache => {}
            _ => tell(self.release(&writer.turn).await.err()),
        }
        updated
    }

    async fn attempt_in_turn(
        &self,
        writer: &Writer,
        make: &mut Make<'_>,
        wait: &Wait,
    ) -> Result<Updated, Error> {
        loop {
            let mut pauses = Pauses::default();
            while !self.takes(&writer.turn, TURN).await? {
                wait.pause(pauses.next()).await?;
            }
            if let Some(updated) = self.attempt(writer, make).await? {
                return Ok(updated);
            }
            // It took longer than a turn lasts.
            wait.pause(pauses.next()).await?;
        }
    }

    /// None where somebody else was quicker.
    async fn attempt(
        &self,
        writer: &Writer,
        make: &mut Make<'_>,
    ) -> Result<Option<Updated>, Error> {
        let found = self.value(&writer.value).await?;
        let before = found.version.clone();
        let after = match make(&found)? {
            Next::Keep => Some(before.clone()),
            Next::Put(content) => self.put(writer, &before, content).await?,
            Next::Remove => self.remove(writer, &before).await?,
        };
        Ok(after.map(|after| Updated { before, after }))
    }

    /// The key where it is now; none where it was another one by then.
    pub(super) async fn set_aside(
        &self,
        name: &str,
        damaged: &Version,
    ) -> Result<Option<String>, Error> {
        if *damaged == nothing() {
            return Ok(None);
        }
        let (value, corrupt) = (self.keys.value(name), self.keys.corrupt(name));
        let life = milliseconds(WEEK);
        let arguments = [damaged.as_bytes(), life.as_bytes()];
        let keys = [&*value, &*corrupt];
        let is_moved = self.link.does(&SET_ASIDE, &keys, &arguments).await?;
        Ok(is_moved.then_some(corrupt))
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
        while !self.takes(&taken, LEASE_LIFE).await? {
            let left = limit.saturating_sub(since.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            let pause = rand::random_range(SHORTEST_POLL..=LONGEST_POLL);
            tokio::time::sleep(pause.min(left)).await;
        }
        Ok(Some(taken))
    }

    pub(super) async fn release(&self, taken: &Taken) -> Result<(), RedisError> {
        end(&self.link, taken).await
    }

    /// Ends a lease over a connection of its own: what drives the other one may be gone.
    pub(super) async fn release_alone(&self, taken: &Taken) -> Result<(), RedisError> {
        end(&self.link.another(), taken).await
    }

    async fn takes(&self, taken: &Taken, life: Duration) -> Result<bool, RedisError> {
        let life = milliseconds(life);
        let arguments = [&taken.token[..], life.as_bytes()];
        self.link.does(&LEASE, &[&taken.key], &arguments).await
    }

    async fn value(&self, key: &str) -> Result<Found, RedisError> {
        let value = self.link.ask(READING, redis::cmd("GET").arg(key)).await?;
        found(value)
    }

    async fn version(&self, key: &str) -> Result<Version, RedisError> {
        let mut command = redis::cmd("GETRANGE");
        command.arg(key).arg(-TAIL).arg(-1);
        match self.link.ask("comparing", &command).await? {
            Value::BulkString(bytes) => Ok(Version::new(bytes)),
            _ => Err(RedisError::Answer { doing: "comparing" }),
        }
    }

    /// The version since; none where somebody else was quicker.
    async fn put(
        &self,
        writer: &Writer,
        before: &Version,
        mut content: Content,
    ) -> Result<Option<Version>, RedisError> {
        let bytes = content.bytes.len() as u64;
        if bytes > self.limit {
            let limit = self.limit;
            return Err(RedisError::TooLarge { bytes, limit });
        }
        let after = random();
        content.bytes = tailed(content.bytes, &after);
        let life = milliseconds(content.life.unwrap_or(self.life));
        let keys = [&*writer.value, &*writer.turn.key];
        let arguments = [
            before.as_bytes(),
            &content.bytes[..],
            life.as_bytes(),
            &writer.turn.token,
        ];
        let is_put = self.link.does(&PUT, &keys, &arguments).await?;
        Ok(is_put.then(|| Version::new(after)))
    }

    async fn remove(
        &self,
        writer: &Writer,
        before: &Version,
    ) -> Result<Option<Version>, RedisError> {
        let keys = [&*writer.value, &*writer.turn.key, &*writer.corrupt];
        let arguments = [before.as_bytes(), &writer.turn.token];
        let is_removed = self.link.does(&REMOVE, &keys, &arguments).await?;
        Ok(is_removed.then(nothing))
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
    link.does(&RELEASE, &[&taken.key], &arguments)
        .await
        .map(drop)
}

/// Who writes a value, and what its keys are called.
struct Writer {
    value: String,
    turn: Taken,
    corrupt: String,
}

/// Parts a value from its version.
fn found(value: Value) -> Result<Found, RedisError> {
    let mut bytes = match value {
        Value::BulkString(bytes) if !bytes.is_empty() => Zeroizing::new(bytes),
        Value::BulkString(_) | Value::Nil => {
            return Ok(Found {
                bytes: None,
                version: nothing(),
            });
        }
        _ => return Err(RedisError::Answer { doing: READING }),
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

/// Letters and digits, so that a value stays readable: 96 bits of the operating system's, so that neither a forked process
/// nor another machine has the same.
fn random() -> [u8; TAIL.unsigned_abs()] {
    let mut bytes = [0; TAIL.unsigned_abs()];
    SysRng
        .try_fill_bytes(&mut bytes)
        .expect("the operating system always has randomness");
    bytes.map(|byte| match byte % 64 {
        letter @ 0..26 => b'A' + letter,
        letter @ 26..52 => b'a' + (letter - 26),
        digit @ 52..62 => b'0' + (digit - 52),
        62 => b'-',
        _ => b'_',
    })
}

/// As Redis takes times: at least one, and not so many that it could not add them up.
fn milliseconds(time: Duration) -> String {
    time.clamp(Duration::from_millis(1), TEN_YEARS)
        .as_millis()
        .to_string()
}

/// The bytes of a version, at the end of the value: what is before them is then what it was, without a copy.
const TAIL: isize = 16;

const SHORTEST_POLL: Duration = Duration::from_millis(10);

const LONGEST_POLL: Duration = Duration::from_millis(50);

/// For how long others wait for a writer that died.
const TURN: Duration = Duration::from_secs(2);

/// For how long a lease binds when its holder died.
const LEASE_LIFE: Duration = Duration::from_secs(35);

const WEEK: Duration = Duration::from_secs(7 * 86_400);

const TEN_YEARS: Duration = Duration::from_secs(3_650 * 86_400);

const READING: &str = "reading";
