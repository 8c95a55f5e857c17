use std::sync::LazyLock;

/// What Redis runs as one step, known to it by its hash once it has seen it.
pub(super) struct Script {
    /// What it does, for errors.
    pub(super) doing: &'static str,
    pub(super) code: &'static str,
    pub(super) hash: String,
}

impl Script {
    fn new(doing: &'static str, code: &'static str) -> Self {
        let hash = redis::Script::new(code).get_hash().to_owned();
        Self { doing, code, hash }
    }
}

/// Puts a value if the present one has this version, unless it is another writer's turn. Tells whether it did, also when
/// it is asked again since the answer was lost.
///
/// Keys: the value, whose turn it is. Arguments: the version, the new value, its life in milliseconds, who asks.
pub(super) static PUT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "writing",
        "local now = redis.call('GETRANGE', KEYS[1], -16, -1)
if now == string.sub(ARGV[2], -16) then
  return 1
end
local turn = redis.call('GET', KEYS[2])
if now ~= ARGV[1] or (turn and turn ~= ARGV[4]) then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
if turn then
  redis.call('DEL', KEYS[2])
end
return 1",
    )
});

/// Removes a value, and what was set aside of it, as the other puts one.
///
/// Keys: the value, whose turn it is, what was set aside. Arguments: the version, who asks.
pub(super) static REMOVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "removing",
        "local now = redis.call('GETRANGE', KEYS[1], -16, -1)
local turn = redis.call('GET', KEYS[2])
if now ~= '' and (now ~= ARGV[1] or (turn and turn ~= ARGV[2])) then
  return 0
end
redis.call('DEL', KEYS[1], KEYS[3])
if turn == ARGV[2] then
  redis.call('DEL', KEYS[2])
end
return 1",
    )
});

/// Gives a value another name if it has this version.
///
/// Keys: the value, what was set aside. Arguments: the version, the life of what was set aside in milliseconds.
pub(super) static SET_ASIDE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "setting aside",
        "if redis.call('GETRANGE', KEYS[1], -16, -1) ~= ARGV[1] then
  return 0
end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('PEXPIRE', KEYS[2], ARGV[2])
return 1",
    )
});

/// Takes a lease, or a turn, that nobody has. Whoever asks again, since the answer was lost, has it.
///
/// Keys: the lease. Arguments: its holder's token, its life in milliseconds.
pub(super) static LEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "taking a lease",
        "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return 1
end
return 0",
    )
});

/// Ends a lease if it still is this holder's.
///
/// Keys: the lease. Arguments: its holder's token.
pub(super) static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "ending a lease",
        "if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0",
    )
});
