use std::collections::HashMap;

/// Wrong passwords in a row, by user name.
#[derive(Debug, Default)]
pub(crate) struct Lockouts {
    tries: HashMap<String, Tries>,
}

#[derive(Clone, Copy, Debug)]
struct Tries {
    count: u32,
    /// When the last one was, in seconds since the Unix epoch.
    last: i64,
}

impl Lockouts {
    /// Whether the account takes no password at this time.
    pub(crate) fn is_locked(&self, username: &str, now: i64) -> bool {
        self.tries
            .get(&key(username))
            .is_some_and(|tries| tries.count >= THRESHOLD && now < tries.last + DURATION)
    }

    /// Counts a wrong password. A time of lockout that is over begins the count anew.
    pub(crate) fn count(&mut self, username: &str, now: i64) {
        let tries = self.tries.entry(key(username)).or_insert(Tries {
            count: 0,
            last: now,
        });
        if tries.count >= THRESHOLD && now >= tries.last + DURATION {
            tries.count = 0;
        }
        tries.count += 1;
        tries.last = now;
    }

    /// Forgets the wrong passwords before the right one.
    pub(crate) fn forget(&mut self, username: &str) {
        self.tries.remove(&key(username));
    }
}

fn key(username: &str) -> String {
    username.trim().to_ascii_lowercase()
}

/// Entra ID's smart lockout begins at so many wrong passwords, and at first lasts so many seconds.
const THRESHOLD: u32 = 10;

const DURATION: i64 = 60;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_wrong_passwords_lock_an_account_for_a_minute() {
        let mut lockouts = Lockouts::default();
        for second in 0..10 {
            assert!(!lockouts.is_locked("a@b.c", second));
            lockouts.count("A@b.c", second);
        }
        assert!(lockouts.is_locked("a@B.c", 9));
        assert!(lockouts.is_locked("a@b.c", 68));
        assert!(!lockouts.is_locked("a@b.c", 69));
        assert!(!lockouts.is_locked("d@b.c", 9));
        lockouts.count("a@b.c", 70);
        assert!(!lockouts.is_locked("a@b.c", 70));
    }

    #[test]
    fn the_right_password_ends_the_count() {
        let mut lockouts = Lockouts::default();
        for _ in 0..9 {
            lockouts.count("a@b.c", 0);
        }
        lockouts.forget("a@b.c");
        lockouts.count("a@b.c", 0);
        assert!(!lockouts.is_locked("a@b.c", 0));
    }
}
