//! The HTTP clients of one transport, made when first needed. The two transport crates hold this file in the same
//! words; a test compares them.

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use msal_core::{ProxyUse, SendOptions, ServerTrust, Thumbprint, TransportError};

/// What a connection must be like: each kind has a client, and so a pool, of its own.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Terms {
    /// Whether whatever proxy is configured may be used.
    pub(crate) proxied: bool,
    /// The one leaf certificate to accept.
    pub(crate) pin: Option<Thumbprint>,
}

impl Terms {
    /// Reads the terms of `options`, or refuses those that came into being after this code.
    pub(crate) fn of(options: &SendOptions) -> Result<Self, TransportError> {
        let proxied = match options.proxy {
            ProxyUse::Configured => true,
            ProxyUse::Never => false,
            _ => return Err(TransportError::unsupported(options.demands())),
        };
        let pin = match options.trust {
            ServerTrust::Platform => None,
            ServerTrust::PinnedLeaf(pin) => Some(pin),
            _ => return Err(TransportError::unsupported(options.demands())),
        };
        Ok(Self { proxied, pin })
    }

    /// Whether these are the terms of an ordinary request.
    pub(crate) fn are_ordinary(self) -> bool {
        self.proxied && self.pin.is_none()
    }
}

/// One client for ordinary requests, and a few for those with terms.
pub(crate) struct Clients<C> {
    ordinary: OnceLock<C>,
    on_terms: Mutex<Vec<(Terms, C)>>,
}

impl<C: Clone> Clients<C> {
    pub(crate) fn new() -> Self {
        Self {
            ordinary: OnceLock::new(),
            on_terms: Mutex::new(Vec::new()),
        }
    }

    /// The client for these terms; one that could not be made is tried again at the next call.
    pub(crate) fn get(
        &self,
        terms: Terms,
        make: impl FnOnce() -> Result<C, TransportError>,
    ) -> Result<C, TransportError> {
        if terms.are_ordinary() {
            return self.ordinary(make);
        }
        let mut clients = self.lock();
        if let Some(at) = clients.iter().position(|(held, _)| *held == terms) {
            let held = clients.remove(at);
            let client = held.1.clone();
            clients.push(held);
            return Ok(client);
        }
        let client = make()?;
        if clients.len() == MAX_CLIENTS_ON_TERMS {
            clients.remove(0);
        }
        clients.push((terms, client.clone()));
        Ok(client)
    }

    fn ordinary(
        &self,
        make: impl FnOnce() -> Result<C, TransportError>,
    ) -> Result<C, TransportError> {
        if let Some(client) = self.ordinary.get() {
            return Ok(client.clone());
        }
        // Whoever comes second waits here instead of reading the trust store once more.
        let _making = self.lock();
        if let Some(client) = self.ordinary.get() {
            return Ok(client.clone());
        }
        let client = make()?;
        Ok(self.ordinary.get_or_init(|| client).clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Terms, C)>> {
        self.on_terms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The least recently used goes first. A program has one managed identity endpoint, seldom two.
const MAX_CLIENTS_ON_TERMS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_on_terms_are_few_and_the_least_recently_used_goes() {
        let clients = Clients::new();
        let terms = |n| Terms {
            proxied: false,
            pin: Some(Thumbprint::Sha1([n; 20])),
        };
        for n in 0..8 {
            assert_eq!(clients.get(terms(n), || Ok(n)).unwrap(), n);
        }
        clients.get(terms(0), || panic!("it is held")).unwrap();
        clients.get(terms(8), || Ok(8)).unwrap();
        clients.get(terms(0), || panic!("it is held")).unwrap();
        assert_eq!(clients.get(terms(1), || Ok(10)).unwrap(), 10);
    }

    #[test]
    fn a_client_that_could_not_be_made_is_tried_again() {
        let clients = Clients::new();
        let ordinary = Terms {
            proxied: true,
            pin: None,
        };
        let failed = clients.get(ordinary, || Err(TransportError::timeout()));
        assert!(failed.is_err());
        assert_eq!(clients.get(ordinary, || Ok(1)).unwrap(), 1);
        assert_eq!(clients.get(ordinary, || Ok(2)).unwrap(), 1);
    }
}
