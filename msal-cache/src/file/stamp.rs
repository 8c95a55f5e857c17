use std::fs::Metadata;

use crate::persist::Version;

/// Which state of a file was seen: equal as long as nobody has written it.
///
/// Compared for being different, never for being later, so that no clock counts. Where file numbers are reused within
/// the resolution of the file system's times, the count of our own writes tells two states apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stamp {
    /// How often one of us wrote; zero where nobody did.
    pub(super) generation: u64,
    /// None where there is no file.
    pub(super) file: Option<Identity>,
}

impl Stamp {
    /// Where nobody ever wrote.
    pub(super) const NOTHING: Self = Self {
        generation: 0,
        file: None,
    };

    /// The same, as a store's caller knows it.
    pub(super) fn version(&self) -> Version {
        let mut bytes = self.generation.to_le_bytes().to_vec();
        if let Some(file) = self.file {
            for part in [file.device, file.number, file.size] {
                bytes.extend_from_slice(&part.to_le_bytes());
            }
            for part in [file.modified, file.changed] {
                bytes.extend_from_slice(&part.to_le_bytes());
            }
        }
        Version::new(bytes)
    }
}

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Identity {
    device: u64,
    number: u64,
    size: u64,
    /// Nanoseconds since 1970.
    modified: i128,
    /// The same of the last change of any kind, which nobody can set.
    changed: i128,
}

impl Identity {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;

        let nanoseconds = |seconds: i64, rest: i64| i128::from(seconds) * SECOND + i128::from(rest);
        Self {
            device: metadata.dev(),
            number: metadata.ino(),
            size: metadata.size(),
            modified: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Untested: file numbers are not to be had on Windows without unsafe code.
    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        let nanoseconds = |time: std::io::Result<std::time::SystemTime>| {
            let time = time.ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            i128::try_from(time.as_nanos()).ok()
        };
        Self {
            device: 0,
            number: 0,
            size: metadata.len(),
            modified: nanoseconds(metadata.modified()).unwrap_or_default(),
            changed: nanoseconds(metadata.created()).unwrap_or_default(),
        }
    }
}

#[cfg(unix)]
const SECOND: i128 = 1_000_000_000;
