//! What both kinds of client application offer for their users: written once.

/// The methods that public and confidential client applications have alike.
macro_rules! user_methods {
    ($application:ident) => {
        impl $application {
            /// A token for a user who signed in before: from the cache, or by a refresh token of it.
            ///
            /// A cached token costs no allocation: `options` are only looked at, and `scopes` only copied when they
            /// miss. Ends in [`InteractionRequired`](crate::ErrorKind::InteractionRequired) when only a new sign-in
            /// helps.
            pub fn acquire_token_silent<S>(
                &self,
                scopes: S,
                account: &Account,
                options: Option<Box<SilentOptions>>,
            ) -> Flow<AuthenticationResult>
            where
                S: IntoIterator<Item: AsRef<str>> + Clone,
            {
                self.0.silent(scopes, account, options)
            }

            /// Why such a call finds a token in the cache, or why it does not. Asks nobody and changes nothing.
            pub fn explain_token_silent<S>(
                &self,
                scopes: S,
                account: &Account,
                options: Option<Box<SilentOptions>>,
            ) -> Result<Explanation, Error>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                self.0.explain_silent(scopes, account, options)
            }

            /// The users that this application can be silent for.
            ///
            /// Fails where the cache is kept somewhere that cannot be read, or that cannot tell its users: then ask by
            /// home account id.
            pub fn accounts(&self, filter: AccountFilter<'_>) -> Flow<Vec<Account>> {
                self.0.accounts(filter)
            }

            /// Takes a user out of the cache: their access, refresh and id tokens and accounts under every name of
            /// the cloud. Whether there was anything to take. The browser's own session stays, see
            /// [`logout_url`](Self::logout_url).
            ///
            /// Fails where the tokens could not be taken out of where the cache is kept. In memory there are none then.
            pub fn remove_account(&self, account: &Account) -> Flow<bool> {
                self.0.remove_account(account)
            }

            /// Makes a key to bind tokens to, see [`PopKey::generate`](crate::PopKey::generate), which tells the time of
            /// this application.
            #[cfg(feature = "certificate")]
            pub fn generate_pop_key(
                &self,
                algorithm: crate::PopAlgorithm,
            ) -> Result<crate::PopKey, crate::Error> {
                crate::PopKey::generate(algorithm, &self.0.env)
            }

            /// Begins a sign-in in a browser: the authorization code flow with PKCE, RFC 6749 section 4.1 and
            /// RFC 7636.
            pub fn initiate_auth_code_flow<S>(
                &self,
                scopes: S,
                redirect_uri: impl Into<String>,
                options: AuthCodeOptions,
            ) -> Flow<AuthCodeFlow>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                self.0
                    .initiate_auth_code(scopes, redirect_uri.into(), options)
            }

            /// Ends a sign-in in a browser: checks the response, a query or a form body, against the flow that began
            /// it, and redeems its code. The flow is spent, whatever comes of it. Claims and parameters of the options go
            /// before those that the flow was begun with.
            pub fn acquire_token_by_auth_code_flow(
                &self,
                flow: AuthCodeFlow,
                response: &str,
                options: CallOptions,
            ) -> Flow<AuthenticationResult> {
                self.0.by_auth_code(flow, response, options)
            }

            /// The URL that ends the user's session in the browser, OpenID Connect RP-Initiated Logout. Sign the user out
            /// of the cache as well, by [`remove_account`](Self::remove_account).
            ///
            /// Fails where the authority names no endpoint for it.
            pub fn logout_url(&self, options: LogoutOptions) -> Flow<Url> {
                self.0.logout(options)
            }

            /// A token by a refresh token that another library kept, so that its users need not sign in again. What
            /// comes of it is kept as a new sign-in.
            pub fn acquire_token_by_refresh_token<S>(
                &self,
                refresh_token: RefreshToken,
                scopes: S,
                options: CallOptions,
            ) -> Flow<AuthenticationResult>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                self.0.by_refresh_token(refresh_token, scopes, options)
            }

            /// A token by a user's name and password, RFC 6749 section 4.3, or by their federation server, over WS-Trust.
            ///
            /// Discouraged: the program sees the password, no second factor is possible, and many tenants forbid it. Use
            /// a browser or a device code where there is a person.
            pub fn acquire_token_by_username_password<S>(
                &self,
                username: impl Into<String>,
                password: Password,
                scopes: S,
                options: CallOptions,
            ) -> Flow<AuthenticationResult>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                self.0
                    .by_password(username.into(), password, scopes, options)
            }
        }
    };
}

pub(super) use user_methods;
