/// How much a cache may hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Limits {
    pub(crate) entries: usize,
    pub(crate) bytes: usize,
    pub(crate) file: usize,
}

impl Limits {
    /// So many shards that each has about a thousand entries when the cache is full.
    pub(crate) fn shards(&self) -> u32 {
        let shards = (self.entries / 1_024).clamp(1, 64);
        shards.next_power_of_two() as u32
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 100_000,
            bytes: 256 << 20,
            file: 256 << 20,
        }
    }
}
