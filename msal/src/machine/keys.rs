use std::fs::File;
use std::io::Read;
use std::path::Path;

use msal_core::managed_identity::KeyFiles;
use msal_core::{Error, ErrorKind};
use rustix::fs::{CWD, Mode, OFlags, openat};
use zeroize::Zeroizing;

/// The files of Azure Arc's agent, reached by the descriptor of their folder: neither it nor a file may be a link, and
/// nothing but a regular file is read, however it is named.
#[derive(Debug)]
pub(crate) struct Keys;

impl KeyFiles for Keys {
    fn read(&self, folder: &Path, name: &str, limit: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let is_plain = !name.is_empty() && !name.contains(['/', '\0']) && name != "..";
        if !is_plain {
            return Err(unusable("its name is no file's"));
        }
        let common = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = openat(CWD, folder, common | OFlags::DIRECTORY, Mode::empty());
        let folder = opened.map_err(|error| unreadable("the keys' folder", error.into()))?;
        // A pipe that nobody writes to would otherwise be waited for.
        let flags = common | OFlags::NONBLOCK | OFlags::NOCTTY;
        let opened = openat(&folder, name, flags, Mode::empty());
        let file = File::from(opened.map_err(|error| unreadable("the key", error.into()))?);
        let found = file.metadata();
        let found = found.map_err(|error| unreadable("the key", error))?;
        if !found.is_file() {
            return Err(unusable("it is no regular file"));
        }
        if found.len() > limit as u64 {
            return Err(unusable("it is larger than any key"));
        }
        let mut content = Zeroizing::new(Vec::with_capacity(limit + 1));
        // It may grow meanwhile.
        let read = file.take(limit as u64 + 1).read_to_end(&mut content);
        read.map_err(|error| unreadable("the key", error))?;
        match content.len() <= limit {
            true => Ok(content),
            false => Err(unusable("it is larger than any key")),
        }
    }
}

fn unusable(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse("key of Azure Arc's agent")).because(why)
}

fn unreadable(what: &'static str, error: std::io::Error) -> Error {
    let why = format!(
        "{what} cannot be read: {error}; whoever asks must be in the group `himds`, or be an administrator"
    );
    Error::new(ErrorKind::InvalidResponse("key of Azure Arc's agent"))
        .because(why)
        .with_source(error)
}

#[cfg(test)]
mod tests;
