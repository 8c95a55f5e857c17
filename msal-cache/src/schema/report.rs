use serde::Serialize;

use super::Kind;

/// What reading a file found.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Report {
    /// How many entries were read.
    pub entries: usize,
    /// How many of them were the same as another but for its age, so that only the newer was kept.
    pub duplicates: usize,
    /// How many had to go because the cache may hold no more.
    pub evicted: usize,
    /// How many entries could not be read.
    pub damaged: usize,
    /// The first thousand of them, which are kept as they are and written back.
    pub damage: Vec<Damage>,
    /// Entries that other libraries cannot tell apart.
    pub collisions: Vec<Collision>,
    /// Sections that we do not know, which are kept as they are and written back.
    pub unknown_sections: Vec<String>,
}

impl Report {
    /// Whether every entry could be read, and none shares its key with another.
    pub fn is_clean(&self) -> bool {
        self.damaged == 0 && self.collisions.is_empty()
    }

    pub(super) fn note_damage(&mut self, damage: Damage) {
        self.damaged += 1;
        if self.damage.len() < LISTED {
            self.damage.push(damage);
        }
    }

    pub(super) fn note_collision(&mut self, collision: Collision) {
        if self.collisions.len() < LISTED && !self.collisions.contains(&collision) {
            self.collisions.push(collision);
        }
    }
}

/// An entry that could not be read.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Damage {
    /// The section it is in.
    pub section: Kind,
    /// Its key in the file.
    pub key: String,
    /// What is wrong with it; never what it holds.
    pub reason: String,
}

/// Two entries for different things that have one key: `a-b` with `c`, and `a` with `b-c`. Both are kept apart here, but
/// a library that goes by the key takes one for the other.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Collision {
    /// The section they are in.
    pub section: Kind,
    /// Their common key.
    pub key: String,
}

const LISTED: usize = 1_000;
