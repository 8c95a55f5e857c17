//! Connections as the agent sees them.

use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Read, Write};
use std::sync::Arc;

use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use msal_core::TransportError;

use crate::deadline::Deadline;

/// TLS over another connection.
pub(crate) struct TlsStream {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl TlsStream {
    /// Shakes hands with the server named `host`, which proves who it is.
    pub(crate) fn handshake(
        config: Arc<ClientConfig>,
        host: &str,
        details: &ConnectionDetails<'_>,
        deadline: &Deadline,
        stream: Box<dyn Transport>,
    ) -> Result<Self, TransportError> {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned()).map_err(TransportError::refused)?;
        let mut conn = ClientConnection::new(config, name).map_err(TransportError::tls)?;
        let mut sock = TransportAdapter::new(stream, Arc::clone(&details.current_time));
        sock.set_timeout(deadline.left()?);
        while conn.is_handshaking() {
            conn.complete_io(&mut sock)
                .map_err(|error| handshake_error(error, deadline))?;
        }
        Ok(Self {
            buffers: LazyBuffers::new(
                details.config.input_buffer_size(),
                details.config.output_buffer_size(),
            ),
            stream: StreamOwned { conn, sock },
        })
    }
}

impl Transport for TlsStream {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let input = self.buffers.input_append_buf();
        let amount = self.stream.read(input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream").finish_non_exhaustive()
    }
}

/// A connection whose early end is an error.
///
/// The agent takes a reset for the end of a body that has no length, and so a truncated answer for a whole one.
#[derive(Debug)]
pub(crate) struct CutOff(pub(crate) Box<dyn Transport>);

impl Transport for CutOff {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.0.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.0.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.0.await_input(timeout).map_err(|error| match error {
            ureq::Error::Io(error) => ureq::Error::Other(Box::new(error)),
            other => other,
        })
    }

    fn is_open(&mut self) -> bool {
        self.0.is_open()
    }

    fn is_tls(&self) -> bool {
        self.0.is_tls()
    }
}

fn handshake_error(error: io::Error, deadline: &Deadline) -> TransportError {
    let rustls = error
        .get_ref()
        .is_some_and(<dyn StdError + Send + Sync>::is::<rustls::Error>);
    match rustls {
        true => TransportError::tls(error),
        false => deadline.failure(error.into()),
    }
}
