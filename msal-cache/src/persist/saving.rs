use msal_core::{Error, Timestamp};

use super::engine::Engine;
use super::replay::{Fault, Replay};
use super::{Found, Layout, Next, Version};
use crate::{Compatibility, TokenCache};

/// How a part is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writing {
    pub(super) compatibility: Compatibility,
    pub(super) layout: Layout,
    pub(super) now: Timestamp,
}

/// A save on its way.
pub(super) struct Saving<'s> {
    replay: Replay<'s>,
    /// The state of the store that the memory is made of.
    known: Option<Version>,
    memory: &'s TokenCache,
    /// What the store is to hold, where that is more than the memory does.
    foreign: Option<TokenCache>,
    /// The state of the store that cannot be read.
    damaged: Option<Version>,
}

impl<'s> Saving<'s> {
    pub(super) fn new(replay: Replay<'s>, known: Option<Version>, memory: &'s TokenCache) -> Self {
        Self {
            replay,
            known,
            memory,
            foreign: None,
            damaged: None,
        }
    }

    pub(super) async fn run(&mut self, name: &str, engine: &Engine) -> Result<Version, Error> {
        let mut make = |found: &Found| self.make(found);
        let updated = engine.update(name, &mut make).await?;
        Ok(updated.after)
    }

    /// The state of the store that could not be read when it was last tried.
    pub(super) fn damaged(&mut self) -> Option<Version> {
        self.damaged.take()
    }

    /// What the store holds since, where that is more than the memory does.
    pub(super) fn into_foreign(self) -> Option<TokenCache> {
        self.foreign
    }

    fn make(&mut self, found: &Found) -> Result<Next, Error> {
        // It may be asked again, when somebody else was quicker.
        self.damaged = None;
        let made = self.replay.make(found, self.memory).map_err(|fault| {
            if matches!(fault, Fault::Damaged(_)) {
                self.damaged = Some(found.version.clone());
            }
            fault.into_error()
        })?;
        let is_foreign = self.known.as_ref() != Some(&found.version);
        self.foreign = is_foreign.then_some(made.cache);
        Ok(made.next)
    }
}
