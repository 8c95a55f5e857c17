use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::certificate::ClientCertificate;

/// What a provider writes for the programs that it serves.
#[derive(Debug)]
pub(crate) struct Files {
    pub(crate) ca: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) client_certificate: &'static ClientCertificate,
    pub(crate) key: PathBuf,
    /// Only in a folder that stays.
    pub(crate) pfx: Option<PathBuf>,
    folder: Folder,
}

#[derive(Debug)]
enum Folder {
    Given(PathBuf),
    Temporary(TempDir),
}

impl Files {
    pub(crate) fn write(
        directory: Option<PathBuf>,
        ca_pem: &str,
        client_certificate: &'static ClientCertificate,
    ) -> io::Result<Self> {
        let folder = match directory {
            Some(directory) => {
                fs::create_dir_all(&directory)?;
                Folder::Given(fs::canonicalize(directory)?)
            }
            None => Folder::Temporary(TempDir::with_prefix("local-identity-provider-")?),
        };
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            write_private(&path, text.as_bytes())?;
            io::Result::Ok(path)
        };
        let ca = write("ca.pem", ca_pem)?;
        let certificate = write(
            "client-certificate.pem",
            &client_certificate.certificate_pem(),
        )?;
        let key = write("client-key.pem", client_certificate.private_key_pem())?;
        write("client.pem", &client_certificate.pem())?;
        let pfx = match folder {
            Folder::Given(_) => Some(folder.path().join("client.pfx")),
            // Deriving its key takes long, and a test in Rust can ask the certificate itself.
            Folder::Temporary(_) => None,
        };
        if let Some(pfx) = &pfx {
            write_private(pfx, &client_certificate.pfx(PFX_PASSWORD)?)?;
        }
        Ok(Self {
            ca,
            certificate,
            client_certificate,
            key,
            pfx,
            folder,
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        self.folder.path()
    }
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(folder) => folder.path(),
        }
    }
}

/// Writes a file that only its owner can read.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A mode is given to a file only when it is made.
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(bytes)
}

pub(crate) const PFX_PASSWORD: &str = "local-identity-provider";
