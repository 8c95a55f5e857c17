//! The calls that applications offer: written once, for the async and the blocking form of each.

/// What confidential clients alone can do.
macro_rules! confidential_calls {
    ($application:ident) => {
        impl $application {
            /// A token for the application itself: from the cache, or by the client credentials grant, RFC 6749
            /// section 4.4.
            ///
            /// `scopes` are mostly one resource's `/.default`. The tenant must be a certain one, not `common`. A token
            /// that is due for renewal but still works is handed out at once and renewed beside.
            pub fn acquire_token_for_client<S>(&self, scopes: S) -> Call<'_, Self, ForClient<S>>
            where
                S: IntoIterator<Item: AsRef<str>> + Clone,
            {
                Call::new(self, ForClient::new(scopes))
            }

            /// A token for the user who called this API, for it to call another with: from the cache, where it is kept
            /// under the assertion, or by the
            /// [on-behalf-of grant](https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow).
            ///
            /// `user_assertion` is the access token that this API was called with, and has validated. An error with
            /// [claims](Error::claims) is to be passed on to the caller, as a 401 with that challenge.
            pub fn acquire_token_on_behalf_of<S>(
                &self,
                user_assertion: impl Into<UserAssertion>,
                scopes: S,
            ) -> Call<'_, Self, OnBehalfOf<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(self, OnBehalfOf::caller(user_assertion.into(), scopes))
            }

            /// The same for a process that outlives the assertion: a refresh token is kept under `key`, by which
            /// [`acquire_token_in_long_running_process`](Self::acquire_token_in_long_running_process) goes on.
            ///
            /// The key is the program's own, such as a job's id; whoever knows it acts for the user. The token always
            /// comes from the identity provider.
            pub fn initiate_long_running_process<S>(
                &self,
                user_assertion: impl Into<UserAssertion>,
                key: impl Into<String>,
                scopes: S,
            ) -> Call<'_, Self, OnBehalfOf<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                let assertion = user_assertion.into();
                Call::new(self, OnBehalfOf::new_process(assertion, key.into(), scopes))
            }

            /// A token for the user of a long-running process: from the cache, or by its refresh token.
            pub fn acquire_token_in_long_running_process<S>(
                &self,
                key: impl Into<String>,
                scopes: S,
            ) -> Call<'_, Self, OnBehalfOf<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(self, OnBehalfOf::process(key.into(), scopes))
            }

            /// A token for a user that this application, an agent identity, signs in as; a later call is
            /// [silent](Self::acquire_token_silent).
            ///
            /// `credential` is the token that the agent identity got for itself, for `api://AzureADTokenExchange/.default`,
            /// see [`federated::agent_identity`](crate::federated::agent_identity). The token always comes from the
            /// identity provider.
            pub fn acquire_token_by_user_federated_identity_credential<S>(
                &self,
                credential: impl Into<UserFederatedIdentityCredential>,
                user: FederatedUser,
                scopes: S,
            ) -> Call<'_, Self, ByUserFederatedIdentityCredential<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(
                    self,
                    ByUserFederatedIdentityCredential::new(credential.into(), user, scopes),
                )
            }

            /// Forgets all tokens of a long-running process.
            pub fn stop_long_running_process(
                &self,
                key: impl Into<String>,
            ) -> Call<'_, Self, StopProcess> {
                Call::new(self, StopProcess(key.into()))
            }
        }
    };
}

/// What public clients alone can do.
macro_rules! public_calls {
    ($application:ident) => {
        impl $application {
            /// Signs a user in, in their own browser: by the authorization code flow with PKCE, and a listener on the
            /// loopback address for what comes back (RFC 8252).
            ///
            /// The redirect URI is `http://localhost` with the port that is listened on; register `http://localhost`.
            /// Five minutes unless given a [timeout](Call::timeout). It listens from the making of the future or flow
            /// on, and no longer than that lives.
            pub fn acquire_token_interactive<S>(&self, scopes: S) -> Call<'_, Self, Interactive<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(self, Interactive::new(scopes))
            }

            /// Begins a sign-in on another device: gets a code for the user to type there, RFC 8628 section 3.1.
            pub fn initiate_device_code_flow<S>(
                &self,
                scopes: S,
            ) -> Call<'_, Self, InitiateDeviceCode<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(self, InitiateDeviceCode::new(scopes))
            }

            /// Waits until the user has signed in on another device, RFC 8628 section 3.4.
            ///
            /// Ends with the code's life unless given a [timeout](Call::timeout). Ends in an error of the
            /// [code](Error::code) `authorization_declined` or `access_denied` when the user will not, and of the kind
            /// [`Expired`](msal_core::ErrorKind::Expired) or the code `expired_token` when nobody did in time.
            pub fn acquire_token_by_device_code(
                &self,
                flow: DeviceCodeFlow,
            ) -> Call<'_, Self, ByDeviceCode> {
                Call::new(self, ByDeviceCode::new(flow))
            }
        }
    };
}

/// What every application does for its users.
macro_rules! user_calls {
    ($application:ident) => {
        impl $application {
            /// A token for a user who signed in before: from the cache, or by a refresh token of it.
            ///
            /// A token that is due for renewal but still works is handed out at once and renewed beside. When only a
            /// new sign-in helps, the error [`needs_interaction`](Error::needs_interaction).
            pub fn acquire_token_silent<'a, S>(
                &'a self,
                scopes: S,
                account: &'a Account,
            ) -> Call<'a, Self, Silent<'a, S>>
            where
                S: IntoIterator<Item: AsRef<str>> + Clone,
            {
                Call::new(self, Silent::new(scopes, account))
            }

            /// Makes a key in memory to bind tokens to, see [`TokenScheme`](msal_core::TokenScheme), and to sign the
            /// requests with that present them. It serves other applications as well.
            ///
            /// That of an RSA algorithm takes some tenths of a second: make one, and clone it.
            #[cfg(feature = "certificate")]
            pub fn generate_pop_key(
                &self,
                algorithm: msal_core::PopAlgorithm,
            ) -> Result<msal_core::PopKey, Error> {
                self.core.generate_pop_key(algorithm)
            }

            /// The users that this application can be silent for; all of them, unless the call is told whom.
            pub fn accounts(&self) -> Call<'_, Self, Accounts<'_>> {
                Call::new(self, Accounts::default())
            }

            /// Takes a user out of the cache: their access, refresh and id tokens and accounts, under every name of
            /// the cloud. Whether there was anything to take.
            ///
            /// The browser's own session stays, see [`logout_url`](Self::logout_url).
            pub fn remove_account<'a>(
                &'a self,
                account: &'a Account,
            ) -> Call<'a, Self, RemoveAccount<'a>> {
                Call::new(self, RemoveAccount(account))
            }

            /// Begins a sign-in in a browser, by the authorization code flow with PKCE (RFC 6749 section 4.1 and
            /// RFC 7636): gives the URL to send it to, and what the response is checked against.
            pub fn initiate_auth_code_flow<S>(
                &self,
                scopes: S,
                redirect_uri: impl Into<String>,
            ) -> Call<'_, Self, InitiateAuthCode<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(self, InitiateAuthCode::new(scopes, redirect_uri.into()))
            }

            /// Ends a sign-in in a browser: checks the response, the form body or query that came to the redirect
            /// URI, and redeems its code. The flow is spent, whatever comes of it. Claims and parameters that this call
            /// is given go before those that the flow was begun with.
            pub fn acquire_token_by_auth_code_flow<'a>(
                &'a self,
                flow: AuthCodeFlow,
                response: &'a str,
            ) -> Call<'a, Self, ByAuthCode<'a>> {
                Call::new(self, ByAuthCode::new(flow, response))
            }

            /// The URL that ends a user's session in the browser (OpenID Connect RP-Initiated Logout).
            ///
            /// [`remove_account`](Self::remove_account) takes the user out of the cache. Fails where the authority
            /// names no endpoint for it.
            pub fn logout_url(&self) -> Call<'_, Self, LogoutUrl> {
                Call::new(self, LogoutUrl::default())
            }

            /// A token by a refresh token that another library kept, so that its users need not sign in again. What
            /// comes of it is kept as a new sign-in.
            pub fn acquire_token_by_refresh_token<S>(
                &self,
                refresh_token: impl Into<RefreshToken>,
                scopes: S,
            ) -> Call<'_, Self, ByRefreshToken<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(self, ByRefreshToken::new(refresh_token.into(), scopes))
            }

            /// A token by a user's name and password, RFC 6749 section 4.3, or by their organisation's federation
            /// server, over WS-Trust.
            ///
            /// **Discouraged**: the program sees the password, no second factor is possible, and many tenants forbid
            /// it. Use a browser or a device code where there is a person.
            pub fn acquire_token_by_username_password<S>(
                &self,
                username: impl Into<String>,
                password: impl Into<Password>,
                scopes: S,
            ) -> Call<'_, Self, ByPassword<S>>
            where
                S: IntoIterator<Item: AsRef<str>>,
            {
                Call::new(
                    self,
                    ByPassword::new(username.into(), password.into(), scopes),
                )
            }
        }
    };
}

/// What applications under a managed identity can do.
macro_rules! managed_calls {
    ($application:ident) => {
        impl $application {
            /// Begins an application under this identity.
            pub fn builder(id: ManagedIdentityId) -> ManagedIdentityBuilder<Self> {
                ManagedIdentityBuilder::new(id)
            }

            /// A token for one resource, such as `https://vault.azure.net`: from the cache, or by the machine's token
            /// service. The scope `https://vault.azure.net/.default` means the same.
            ///
            /// A token that has passed half of its life, where that is longer than two hours, is handed out at once and
            /// renewed beside.
            pub fn acquire_token<'a>(
                &'a self,
                resource: &'a str,
            ) -> Call<'a, Self, ForMachine<'a>> {
                Call::new(self, ForMachine::new(resource))
            }

            /// Which service of Azure's gives the tokens.
            pub fn source(&self) -> ManagedIdentitySource {
                self.core.source()
            }
        }
    };
}

pub(crate) use confidential_calls;
pub(crate) use managed_calls;
pub(crate) use public_calls;
pub(crate) use user_calls;
