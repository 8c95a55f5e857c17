use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fmt, io};

use zeroize::Zeroizing;

use crate::flow::Io;
use crate::protocol::token::is_header_safe;
use crate::{ClientAssertion, Error, ErrorKind, Task};

/// A file that holds an assertion, which somebody else renews: the platform, such as Kubernetes.
///
/// Read for each request, so what was written last counts.
#[derive(Clone)]
pub struct TokenFile {
    path: PathBuf,
    files: Arc<dyn TokenFiles>,
}

/// Reads the files of tokens, whole.
pub trait TokenFiles: fmt::Debug + Send + Sync {
    /// All of a file. Fails where it is more than `limit` bytes.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>>;
}

impl TokenFile {
    pub(super) const NAME: &str = "token file";

    /// The file of this path, by whoever reads it.
    pub fn new(path: impl Into<PathBuf>, files: Arc<dyn TokenFiles>) -> Self {
        Self {
            path: path.into(),
            files,
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn read(&self, flow: &mut Io) -> Result<ClientAssertion, Error> {
        let file = self.clone();
        let read = move || {
            let content = file.files.read(&file.path, LARGEST);
            content.map_err(|error| {
                file.unusable(&format!("cannot be read: {error}"))
                    .with_source(error)
            })
        };
        let content = flow.call(Task::blocking(Self::NAME, read)).await?;
        let text = std::str::from_utf8(&content).map(str::trim);
        match text {
            Ok("") => Err(self.unusable("is empty")),
            Ok(token) if is_header_safe(token) => Ok(ClientAssertion::new(token)),
            _ => Err(self.unusable("holds no token")),
        }
    }

    fn unusable(&self, what: &str) -> Error {
        let why = format!("the token file `{}` {what}", self.path.display());
        Error::new(ErrorKind::Credential).because(why)
    }
}

impl fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// More than any token that fits into a request.
const LARGEST: usize = 256 * 1024;
