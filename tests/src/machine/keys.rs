use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use uuid::Uuid;

use crate::entra::token::signed::opaque;
use crate::files::write_private;

/// The keys that Azure Arc's agent has written, and where. Each is good for one token.
#[derive(Debug, Default)]
pub(crate) struct ArcKeys {
    folder: OnceLock<PathBuf>,
    written: Mutex<HashMap<String, PathBuf>>,
    is_old_agent: AtomicBool,
}

impl ArcKeys {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        let keys = Self::default();
        if let Some(folder) = folder {
            keys.set_folder(folder);
        }
        keys
    }

    /// Says where the keys are written, unless somebody has.
    pub(crate) fn set_folder(&self, folder: PathBuf) {
        let _said = self.folder.set(folder);
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder
            .get()
            .map_or_else(|| Path::new(""), PathBuf::as_path)
    }

    pub(crate) fn set_old_agent(&self, is_old: bool) {
        self.is_old_agent.store(is_old, Ordering::Relaxed);
    }

    /// Whether the agent is one that knows no identity but the machine's own, and ignores what it is asked for.
    pub(super) fn is_old_agent(&self) -> bool {
        self.is_old_agent.load(Ordering::Relaxed)
    }

    pub(super) fn write(&self) -> io::Result<PathBuf> {
        fs::create_dir_all(self.folder())?;
        let path = self.folder().join(format!("{}.key", Uuid::new_v4()));
        let key = opaque(88);
        write_private(&path, key.as_bytes())?;
        self.written().insert(format!("Basic {key}"), path.clone());
        Ok(path)
    }

    /// Whether this is a key that was written, which it is no more then.
    pub(super) fn spend(&self, shown: &str) -> bool {
        let path = self.written().remove(shown);
        if let Some(path) = &path {
            // Whoever has read it needs it no more; whether it can be removed changes nothing.
            let _removed = fs::remove_file(path);
        }
        path.is_some()
    }

    fn written(&self) -> MutexGuard<'_, HashMap<String, PathBuf>> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ArcKeys {
    fn drop(&mut self) {
        for path in self.written().values() {
            let _removed = fs::remove_file(path);
        }
    }
}
