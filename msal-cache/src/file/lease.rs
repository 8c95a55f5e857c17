use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use msal_core::store::Lease;

use super::folder::{Folder, is_running};
use super::lock::{Pauses, Wait, try_lock};
use super::store::with;
use super::{FileError, FileStore};

impl FileStore {
    /// Waits until nobody else refreshes with this key, but no longer than `limit`, and takes the lease of it.
    ///
    /// Sixteen files beside the cache are locks that many keys share: one that is held for another key gives no lease at
    /// once. They are the kernel's, so a lease ends with its process, however that ends.
    pub(super) fn refresh_lease(
        &self,
        digest: &[u8; 32],
        limit: Duration,
    ) -> Result<Lease, FileError> {
        if self.is_read_only {
            return Ok(Lease::none());
        }
        let folder = Folder::create(&self.folder)?;
        let [first, ..] = *digest;
        let suffix = format!(".refresh-{:x}.lock", first >> 4);
        let name = with(&self.names.cache, &suffix);
        Applicant::new(&folder, name, digest).lease(&Wait::new(limit))
    }
}

/// Who wants a lease.
struct Applicant<'f> {
    folder: &'f Folder,
    name: OsString,
    key: String,
    pauses: Pauses,
    /// What was written there when it was looked at last.
    last: String,
    /// Since when it is not known for whom it is held.
    unknown: Option<Instant>,
}

impl<'f> Applicant<'f> {
    fn new(folder: &'f Folder, name: OsString, digest: &[u8; 32]) -> Self {
        let key = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Self {
            folder,
            name,
            key,
            pauses: Pauses::new(),
            last: String::new(),
            unknown: None,
        }
    }

    fn lease(mut self, wait: &Wait) -> Result<Lease, FileError> {
        let path = self.folder.path(&self.name);
        loop {
            let file = self.folder.open_or_create(&self.name)?;
            while !try_lock(&file, &path)? {
                if self.is_held_for_another(&file) || !wait.sleep(&mut self.pauses) {
                    return Ok(Lease::none());
                }
            }
            let held = Held { file };
            // Somebody may have removed the whole folder meanwhile, and made another.
            if self.folder.is_named(&self.name, &held.file)? {
                held.sign(&self.key, &path)?;
                return Ok(Lease::held(held));
            }
            if !wait.sleep(&mut self.pauses) {
                return Ok(Lease::none());
            }
        }
    }

    /// Whether to go on without. A holder that has not signed yet shows what one that was killed had written, so a word
    /// counts only when it was read twice, and where its process is gone, only after a while.
    fn is_held_for_another(&mut self, file: &File) -> bool {
        // What is locked cannot be read everywhere: there all who share a file wait for each other.
        let Ok(text) = content(file) else {
            return false;
        };
        let is_the_same = text == self.last;
        let (key, process) = signature(&text);
        let is_ours = key == self.key;
        let is_alive = process.is_some_and(is_running);
        self.last = text;
        if is_ours {
            self.unknown = None;
            return false;
        }
        if is_alive {
            return is_the_same;
        }
        let since = *self.unknown.get_or_insert_with(Instant::now);
        since.elapsed() > UNSIGNED
    }
}

/// A locked file.
struct Held {
    file: File,
}

impl Held {
    /// Says for what it is held, and by whom.
    fn sign(&self, key: &str, path: &Path) -> Result<(), FileError> {
        let text = format!("{key} {:>10}\n", std::process::id());
        let written = overwrite(&self.file, text.as_bytes());
        written.map_err(FileError::io("signing", path))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // The next one is not to be taken for us before it has signed.
        if let Err(error) = overwrite(&self.file, &[b' '; SIGNATURE]) {
            tracing::debug!(target: "msal", %error, "a refresh lease was not erased");
        }
        // By name: a process that is being started may have a copy of the descriptor for a moment longer.
        let _ = self.file.unlock();
    }
}

fn overwrite(mut file: &File, text: &[u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text)
}

fn content(mut file: &File) -> io::Result<String> {
    let mut text = Vec::with_capacity(SIGNATURE);
    file.seek(SeekFrom::Start(0))?;
    file.take(SIGNATURE as u64).read_to_end(&mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Key and process.
fn signature(text: &str) -> (&str, Option<u32>) {
    let mut words = text.split_whitespace();
    let key = words.next().unwrap_or_default();
    (key, words.next().and_then(|word| word.parse().ok()))
}

/// Of one length always: 64 digits, a space, a number of at most ten digits, a line end.
const SIGNATURE: usize = 76;

/// How long a holder may need to sign.
const UNSIGNED: Duration = Duration::from_millis(50);
