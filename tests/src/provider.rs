use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::runtime::{Handle, Runtime};
use tokio::sync::oneshot;

use crate::builder::LocalIdentityProviderBuilder;
use crate::certificate::{ClientCertificate, ServerCertificate, Thumbprint};
use crate::context::Context;
use crate::files::{Files, PFX_PASSWORD};
use crate::registry::{App, FederatedDomain};
use crate::{Endpoint, Fault, Hold, Request, defaults, server};

/// An identity provider of one's own that behaves as Entra ID does. It serves until it is dropped.
///
/// One port takes TLS, plain HTTP, and both again as an HTTP proxy in front of any host: a program under
/// test that is given [`proxy_url`](Self::proxy_url) and [`ca_file`](Self::ca_file) can talk to
/// `https://login.microsoftonline.com`, and talks to this.
#[derive(Debug)]
pub struct LocalIdentityProvider {
    address: SocketAddr,
    context: Arc<Context>,
    files: Files,
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl LocalIdentityProvider {
    /// Starts a provider with the [`defaults`] on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// When no port is free, a file cannot be written, or no thread or key can be made.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Begins a provider with more than the defaults.
    pub fn builder() -> LocalIdentityProviderBuilder {
        LocalIdentityProviderBuilder::new()
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The provider's own URL over TLS, `https://localhost:{port}`.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("https://localhost:{}", self.port())
    }

    /// The provider's own URL over plain HTTP, `http://127.0.0.1:{port}`.
    #[must_use]
    pub fn plain_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port())
    }

    /// The default tenant's authority, to be reached through [`proxy_url`](Self::proxy_url).
    #[must_use]
    pub fn authority(&self) -> String {
        format!("https://login.microsoftonline.com/{}", defaults::TENANT_ID)
    }

    /// What to set as HTTP proxy, for TLS and plain HTTP.
    #[must_use]
    pub fn proxy_url(&self) -> String {
        self.plain_url()
    }

    /// The certificate in PEM of the authority that signs what the provider presents.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.context.tls.authority_pem()
    }

    /// The same as a file.
    #[must_use]
    pub fn ca_file(&self) -> &Path {
        &self.files.ca
    }

    /// The folder with the provider's files.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.files.directory()
    }

    /// The certificate of the default app [`CERTIFICATE_CLIENT_ID`](defaults::CERTIFICATE_CLIENT_ID).
    #[must_use]
    pub fn client_certificate(&self) -> &'static ClientCertificate {
        self.files.client_certificate
    }

    /// Its certificate as a PEM file.
    #[must_use]
    pub fn client_certificate_file(&self) -> PathBuf {
        self.files.certificate.clone()
    }

    /// Its private key as a PEM file (PKCS#8, not encrypted).
    #[must_use]
    pub fn client_key_file(&self) -> PathBuf {
        self.files.key.clone()
    }

    /// Both as a PKCS#12 file, and its password. Only in a folder that the caller gave; elsewhere see
    /// [`ClientCertificate::pfx`].
    #[must_use]
    pub fn client_pfx(&self) -> Option<(&Path, &'static str)> {
        Some((self.files.pfx.as_deref()?, PFX_PASSWORD))
    }

    /// The hashes of the certificate that it presents for a name, as things stand now.
    ///
    /// # Errors
    /// When the cryptographic library fails.
    pub fn thumbprint(&self, host: &str) -> io::Result<Thumbprint> {
        self.context.tls.thumbprint(host)
    }

    /// Presents certificates of that kind from the next handshake on.
    pub fn present(&self, kind: ServerCertificate) {
        self.context.tls.present(kind);
    }

    /// Registers an app, in place of one with the same client id.
    pub fn register_app(&self, app: App) {
        self.context.registry_mut().put_app(app);
    }

    /// Registers a domain whose users an AD FS signs in, in place of one with the same name.
    pub fn register_federated_domain(&self, domain: FederatedDomain) {
        self.context.registry_mut().put_federated_domain(domain);
    }

    /// Puts a fault at the end of the queue.
    pub fn script(&self, fault: Fault) {
        self.context.faults.push(fault);
    }

    /// Puts a fault at the end of the queue of those that strike a connection as it is accepted,
    /// before TLS: only [`wire`](Fault::wire) faults and delays do anything there.
    pub fn script_connection(&self, fault: Fault) {
        self.context.connection_faults.push(fault);
    }

    /// Forgets the faults that have not struck.
    pub fn clear_faults(&self) {
        self.context.faults.clear();
        self.context.connection_faults.clear();
    }

    /// Counts the faults that have not struck, or not as often as they shall.
    #[must_use]
    pub fn waiting_faults(&self) -> usize {
        self.context.faults.len() + self.context.connection_faults.len()
    }

    /// Lets requests of a kind wait until the hold is released or dropped. Each is in the journal as it waits.
    pub fn hold(&self, endpoint: Endpoint) -> Hold {
        self.context.gates.close(endpoint)
    }

    /// Waits that long before every answer from now on, but for those that open a tunnel.
    pub fn set_latency(&self, latency: Duration) {
        self.context.set_latency(latency);
    }

    /// Sets the provider's clock ahead of the system's by so many seconds, or back.
    pub fn set_clock_offset(&self, seconds: i64) {
        self.context.clock.set_offset(seconds);
    }

    /// Sets the region that the instance metadata service tells. At first, `westeurope`.
    pub fn set_region(&self, region: &str) {
        self.context.set_region(region);
    }

    /// All requests since the start or the last [`clear_journal`](Self::clear_journal), in the order of arrival.
    #[must_use]
    pub fn journal(&self) -> Vec<Arc<Request>> {
        self.context.journal.requests()
    }

    /// The requests of one kind.
    #[must_use]
    pub fn requests(&self, endpoint: Endpoint) -> Vec<Arc<Request>> {
        self.journal()
            .into_iter()
            .filter(|request| request.endpoint == endpoint)
            .collect()
    }

    /// Counts the requests of one kind.
    #[must_use]
    pub fn count(&self, endpoint: Endpoint) -> u64 {
        self.context.journal.count(endpoint)
    }

    /// Counts the TCP connections accepted since the start.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.context.connections()
    }

    /// Empties the journal.
    pub fn clear_journal(&self) {
        self.context.journal.clear();
    }

    /// Waits, blocking, until `n` requests of a kind have arrived (since the journal was last empty),
    /// and gives the `n`-th.
    ///
    /// # Errors
    /// [`TimedOut`](io::ErrorKind::TimedOut) when they have not within the limit.
    pub fn wait_for(
        &self,
        endpoint: Endpoint,
        n: usize,
        limit: Duration,
    ) -> io::Result<Arc<Request>> {
        let (sender, receiver) = mpsc::channel();
        let context = Arc::clone(&self.context);
        self.handle.spawn(async move {
            // A caller that is gone wants no answer.
            let _ = sender.send(context.journal.nth(endpoint, n, limit).await);
        });
        receiver.recv().map_err(|_stopped| stopped())?
    }

    /// Does what [`wait_for`](Self::wait_for) does without blocking the thread, on any async runtime.
    pub fn wait_for_async(
        &self,
        endpoint: Endpoint,
        n: usize,
        limit: Duration,
    ) -> impl Future<Output = io::Result<Arc<Request>>> + Send + 'static {
        let context = Arc::clone(&self.context);
        let wait = self
            .handle
            .spawn(async move { context.journal.nth(endpoint, n, limit).await });
        async move { wait.await.map_err(|_stopped| stopped())? }
    }

    pub(crate) fn start_with(builder: LocalIdentityProviderBuilder) -> io::Result<Self> {
        let LocalIdentityProviderBuilder {
            directory,
            port,
            registry,
            server_certificate,
            settings,
        } = builder;
        let context = Arc::new(Context::new(settings, registry, server_certificate)?);
        let files = Files::write(
            directory,
            context.tls.authority_pem(),
            defaults::client_certificate()?,
        )?;
        context
            .machines
            .keys
            .set_folder(files.directory().join("arc-keys"));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .thread_name("local-identity-provider")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        let listener = {
            let _runtime = handle.enter();
            listen(port)?
        };
        let address = listener.local_addr()?;
        context.set_address(address);
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(&context);
        // A thread of its own owns the runtime, since neither `block_on` nor dropping one is allowed inside another.
        let thread = std::thread::Builder::new()
            .name("local-identity-provider".to_owned())
            .spawn(move || run(&runtime, shared, listener, stopped))?;
        Ok(Self {
            address,
            context,
            files,
            handle,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    pub(crate) fn context(&self) -> &Context {
        &self.context
    }
}

impl Drop for LocalIdentityProvider {
    fn drop(&mut self) {
        // Dropping the sender stops the server, which closes the port before the thread ends.
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; here it must not become a second one.
            let _ = thread.join();
        }
    }
}

fn run(
    runtime: &Runtime,
    context: Arc<Context>,
    listener: TcpListener,
    stop: oneshot::Receiver<()>,
) {
    runtime.block_on(server::serve(context, listener, stop));
}

/// Binds the port with a queue that takes thousands of clients at once: a client that finds it full
/// would try again only a second later.
fn listen(port: u16) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
    socket.listen(BACKLOG)
}

fn stopped() -> io::Error {
    io::Error::other("the provider has stopped")
}

const BACKLOG: u32 = 4096;

const WORKERS: usize = 2;
