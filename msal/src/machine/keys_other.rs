use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use msal_core::managed_identity::KeyFiles;
use msal_core::{Error, ErrorKind};
use zeroize::Zeroizing;

/// The files of Azure Arc's agent. Untested: there is no Windows where this was written.
#[derive(Debug)]
pub(crate) struct Keys;

impl KeyFiles for Keys {
    fn read(&self, folder: &Path, name: &str, limit: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
        let path = folder.join(name);
        let named = fs::symlink_metadata(&path).map_err(unreadable)?;
        let in_folder = path.parent() == Some(folder);
        if !in_folder || !named.is_file() || named.len() > limit as u64 {
            return Err(unusable(
                "it is no regular file of a key's size in the keys' folder",
            ));
        }
        let mut content = Zeroizing::new(Vec::with_capacity(limit + 1));
        let file = File::open(&path).map_err(unreadable)?;
        let read = file.take(limit as u64 + 1).read_to_end(&mut content);
        read.map_err(unreadable)?;
        match content.len() <= limit {
            true => Ok(content),
            false => Err(unusable("it is larger than any key")),
        }
    }
}

fn unusable(why: &'static str) -> Error {
    Error::new(ErrorKind::InvalidResponse("key of Azure Arc's agent")).because(why)
}

fn unreadable(error: io::Error) -> Error {
    unusable("it cannot be read").with_source(error)
}
