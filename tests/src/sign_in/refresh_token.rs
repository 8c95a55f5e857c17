use std::collections::HashMap;

use super::SignIn;

/// The refresh tokens that the provider has issued.
#[derive(Default)]
pub(crate) struct RefreshTokens {
    tokens: HashMap<String, RefreshToken>,
}

/// What a refresh token stands for.
#[derive(Clone, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) client_id: String,
    /// The family of clients that may use it.
    pub(crate) family: Option<String>,
    /// What all tokens share that come from one sign-in of one client.
    pub(crate) chain: String,
    pub(crate) sign_in: SignIn,
    /// The scope that was asked for when it was issued.
    pub(crate) scope: String,
    /// Issued to a web page: lives for a day, and so does what replaces it.
    pub(crate) single_page: bool,
    /// Seconds since the Unix epoch, as the next.
    pub(crate) issued: i64,
    pub(crate) expires: i64,
    pub(crate) standing: Standing,
}

/// Whether a refresh token can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    Live,
    /// Another token of its chain, or its code, was used twice.
    ChainRevoked,
    /// Used, where each may be used once.
    Spent,
    /// An administrator or a new password ended all of the user's; at that time.
    UserRevoked(i64),
}

impl RefreshTokens {
    pub(crate) fn put(&mut self, text: String, token: RefreshToken) {
        self.tokens.insert(text, token);
    }

    pub(crate) fn find(&self, text: &str) -> Option<RefreshToken> {
        self.tokens.get(text).cloned()
    }

    /// Marks a token as used, and says whether it was live before.
    pub(crate) fn spend(&mut self, text: &str) -> bool {
        match self.tokens.get_mut(text) {
            Some(token) if token.standing == Standing::Live => {
                token.standing = Standing::Spent;
                true
            }
            _ => false,
        }
    }

    /// Ends all tokens of a chain.
    pub(crate) fn revoke_chain(&mut self, chain: &str) {
        for token in self.tokens.values_mut() {
            if token.chain == chain && token.standing == Standing::Live {
                token.standing = Standing::ChainRevoked;
            }
        }
    }

    /// Ends all tokens of a user, and counts those that were live.
    pub(crate) fn revoke_user(&mut self, username: &str, now: i64) -> usize {
        let mut count = 0;
        for token in self.tokens.values_mut() {
            if token.sign_in.username.eq_ignore_ascii_case(username)
                && token.standing == Standing::Live
            {
                token.standing = Standing::UserRevoked(now);
                count += 1;
            }
        }
        count
    }
}
