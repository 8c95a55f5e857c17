use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, Value};
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::RedisError;
use super::address::Address;
use super::script::Script;
use super::tls::Tls;

/// One connection for all who ask, made when there is none, and anew when it was lost.
#[derive(Debug)]
pub(super) struct Link {
    address: Address,
    tls: Tls,
    connect_timeout: Duration,
    response_timeout: Duration,
    slot: Mutex<Slot>,
    /// Whose turn it is to connect.
    turn: async_lock::Mutex<()>,
}

#[derive(Debug, Default)]
struct Slot {
    live: Option<Arc<Live>>,
    /// How often it was tried to connect, and how that ended the last time.
    attempts: u64,
    failure: Option<RedisError>,
    /// When somebody waited in vain, and for what.
    silence: Option<(Instant, RedisError)>,
}

#[derive(Debug)]
struct Live {
    connection: MultiplexedConnection,
    driver: AbortHandle,
}

impl Link {
    pub(super) fn new(
        address: Address,
        tls: Tls,
        connect_timeout: Duration,
        response_timeout: Duration,
    ) -> Self {
        Self {
            address,
            tls,
            connect_timeout,
            response_timeout,
            slot: Mutex::default(),
            turn: async_lock::Mutex::new(()),
        }
    }

    /// The same, with a connection of its own.
    pub(super) fn another(&self) -> Self {
        Self::new(
            self.address.clone(),
            self.tls.clone(),
            self.connect_timeout,
            self.response_timeout,
        )
    }

    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// Sends a command and waits for its answer. What was lost with its connection is sent once more: so it must do no
    /// harm when it is done twice.
    pub(super) async fn ask(
        &self,
        doing: &'static str,
        command: &Cmd,
    ) -> Result<Value, RedisError> {
        let (live, is_fresh) = self.live().await?;
        match self.answer(&live, doing, command).await {
            // It may have been closed long ago, while nobody spoke.
            Err(RedisError::Lost { .. }) if !is_fresh => {}
            answered => return answered,
        }
        let (live, _) = self.live().await?;
        self.answer(&live, doing, command).await
    }

    /// Has Redis run a script, which it is given when it does not know it yet.
    async fn run(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<Value, RedisError> {
        let invoke = |how: &str, what: &str| {
            let mut command = redis::cmd(how);
            command.arg(what).arg(keys.len()).arg(keys);
            for argument in arguments {
                command.arg(*argument);
            }
            command
        };
        let known = self
            .ask(script.doing, &invoke("EVALSHA", &script.hash))
            .await;
        match known {
            Err(error) if error.is_unknown_script() => {
                self.ask(script.doing, &invoke("EVAL", script.code)).await
            }
            answered => answered,
        }
    }

    /// Whether a script did what it was to do.
    pub(super) async fn does(
        &self,
        script: &Script,
        keys: &[&str],
        arguments: &[&[u8]],
    ) -> Result<bool, RedisError> {
        match self.run(script, keys, arguments).await? {
            Value::Int(0) => Ok(false),
            Value::Int(1) => Ok(true),
            _ => Err(RedisError::Answer {
                doing: script.doing,
            }),
        }
    }

    async fn answer(
        &self,
        live: &Arc<Live>,
        doing: &'static str,
        command: &Cmd,
    ) -> Result<Value, RedisError> {
        let mut connection = live.connection.clone();
        let answer = command.query_async::<Value>(&mut connection);
        let answer = match timeout(self.response_timeout, answer).await {
            Ok(answer) => answer.map_err(|error| RedisError::of(doing, &error)),
            Err(_) => Err(RedisError::Timeout {
                doing,
                after: self.response_timeout,
            }),
        };
        if let Err(error) = answer.as_ref()
            && error.ends_connection()
        {
            self.forget(live, error);
        }
        answer
    }

    /// The connection, and whether it was made just now.
    async fn live(&self) -> Result<(Arc<Live>, bool), RedisError> {
        let seen = {
            let slot = self.slot();
            if let Some(live) = &slot.live {
                return Ok((Arc::clone(live), false));
            }
            if let Some(error) = slot.fresh_silence() {
                return Err(error);
            }
            slot.attempts
        };
        let _turn = self.turn.lock().await;
        {
            let slot = self.slot();
            if let Some(live) = &slot.live {
                return Ok((Arc::clone(live), true));
            }
            // Whoever waited for an attempt that failed does not wait for another one.
            if let Some(failure) = slot.failure.as_ref().filter(|_| slot.attempts != seen) {
                return Err(failure.clone());
            }
        }
        let connected = self.connect().await.map(Arc::new);
        let mut slot = self.slot();
        slot.attempts = slot.attempts.wrapping_add(1);
        slot.failure = connected.as_ref().err().cloned();
        slot.note(connected.as_ref().err());
        slot.live = connected.as_ref().ok().cloned();
        connected.map(|live| (live, true))
    }

    async fn connect(&self) -> Result<Live, RedisError> {
        match timeout(self.connect_timeout, self.connected()).await {
            Ok(connected) => connected,
            Err(_) => Err(RedisError::Timeout {
                doing: "connecting",
                after: self.connect_timeout,
            }),
        }
    }

    async fn connected(&self) -> Result<Live, RedisError> {
        let stream = self
            .stream()
            .await
            .map_err(|source| self.unreachable(source))?;
        // Its own limits would come on top of ours.
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let login = &self.address.login;
        let made = MultiplexedConnection::new_with_config(login, stream, config).await;
        let (connection, driver) = made.map_err(|error| self.refusal(&error))?;
        let driver = tokio::spawn(driver).abort_handle();
        Ok(Live { connection, driver })
    }

    async fn stream(&self) -> io::Result<Box<dyn Stream>> {
        let host = self.address.host.as_str();
        let tcp = TcpStream::connect((host, self.address.port)).await?;
        tcp.set_nodelay(true)?;
        if !self.address.is_tls {
            return Ok(Box::new(tcp));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let connector = TlsConnector::from(self.tls.config()?);
        Ok(Box::new(connector.connect(name, tcp).await?))
    }

    fn unreachable(&self, source: io::Error) -> RedisError {
        RedisError::Connect {
            address: Arc::clone(&self.address.text),
            source: Arc::new(source),
        }
    }

    fn refusal(&self, error: &redis::RedisError) -> RedisError {
        match error.kind() {
            redis::ErrorKind::AuthenticationFailed => RedisError::Password {
                address: Arc::clone(&self.address.text),
            },
            _ => RedisError::of("connecting", error),
        }
    }

    /// Has the next who asks make another one.
    fn forget(&self, live: &Arc<Live>, error: &RedisError) {
        let mut slot = self.slot();
        if slot
            .live
            .as_ref()
            .is_some_and(|kept| Arc::ptr_eq(kept, live))
        {
            slot.live = None;
            slot.note(Some(error));
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn note(&mut self, error: Option<&RedisError>) {
        let silence = error.filter(|error| matches!(error, RedisError::Timeout { .. }));
        self.silence = silence.map(|error| (Instant::now(), error.clone()));
    }

    /// What to tell instead of waiting in vain once more: a call asks several times.
    fn fresh_silence(&self) -> Option<RedisError> {
        let (since, error) = self.silence.as_ref()?;
        (since.elapsed() < SILENCE).then(|| error.clone())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Whether futures of this module may be polled here.
pub(super) fn runtime() -> Result<Handle, RedisError> {
    Handle::try_current().map_err(|_| RedisError::NoRuntime)
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// For how long a server that did not answer is left alone.
const SILENCE: Duration = Duration::from_secs(1);
