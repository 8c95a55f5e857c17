//! What public and confidential client applications of the core have alike, so that one request serves both.

pub(crate) use sealed::UserCore;

mod sealed {
    use msal_core::app::{
        AccountFilter, AuthCodeFlow, AuthCodeOptions, CallOptions, Explanation, LogoutOptions,
        SilentOptions,
    };
    use msal_core::{Account, AuthenticationResult, Error, Flow, Password, RefreshToken};
    use url::Url;

    /// An application of the core that signs users in.
    pub trait UserCore {
        fn silent<S: IntoIterator<Item: AsRef<str>> + Clone>(
            &self,
            scopes: S,
            account: &Account,
            options: Option<Box<SilentOptions>>,
        ) -> Flow<AuthenticationResult>;

        fn explain_silent<S: IntoIterator<Item: AsRef<str>>>(
            &self,
            scopes: S,
            account: &Account,
            options: Option<Box<SilentOptions>>,
        ) -> Result<Explanation, Error>;

        fn accounts(&self, filter: AccountFilter<'_>) -> Flow<Vec<Account>>;

        fn remove_account(&self, account: &Account) -> Flow<bool>;

        fn initiate_auth_code<S: IntoIterator<Item: AsRef<str>>>(
            &self,
            scopes: S,
            redirect_uri: String,
            options: AuthCodeOptions,
        ) -> Flow<AuthCodeFlow>;

        fn by_auth_code(
            &self,
            flow: AuthCodeFlow,
            response: &str,
            options: CallOptions,
        ) -> Flow<AuthenticationResult>;

        fn logout_url(&self, options: LogoutOptions) -> Flow<Url>;

        fn by_refresh_token<S: IntoIterator<Item: AsRef<str>>>(
            &self,
            refresh_token: RefreshToken,
            scopes: S,
            options: CallOptions,
        ) -> Flow<AuthenticationResult>;

        fn by_password<S: IntoIterator<Item: AsRef<str>>>(
            &self,
            username: String,
            password: Password,
            scopes: S,
            options: CallOptions,
        ) -> Flow<AuthenticationResult>;
    }

    macro_rules! user_core {
        ($application:ident) => {
            impl UserCore for msal_core::$application {
                fn silent<S: IntoIterator<Item: AsRef<str>> + Clone>(
                    &self,
                    scopes: S,
                    account: &Account,
                    options: Option<Box<SilentOptions>>,
                ) -> Flow<AuthenticationResult> {
                    self.acquire_token_silent(scopes, account, options)
                }

                fn explain_silent<S: IntoIterator<Item: AsRef<str>>>(
                    &self,
                    scopes: S,
                    account: &Account,
                    options: Option<Box<SilentOptions>>,
                ) -> Result<Explanation, Error> {
                    self.explain_token_silent(scopes, account, options)
                }

                fn accounts(&self, filter: AccountFilter<'_>) -> Flow<Vec<Account>> {
                    self.accounts(filter)
                }

                fn remove_account(&self, account: &Account) -> Flow<bool> {
                    self.remove_account(account)
                }

                fn initiate_auth_code<S: IntoIterator<Item: AsRef<str>>>(
                    &self,
                    scopes: S,
                    redirect_uri: String,
                    options: AuthCodeOptions,
                ) -> Flow<AuthCodeFlow> {
                    self.initiate_auth_code_flow(scopes, redirect_uri, options)
                }

                fn by_auth_code(
                    &self,
                    flow: AuthCodeFlow,
                    response: &str,
                    options: CallOptions,
                ) -> Flow<AuthenticationResult> {
                    self.acquire_token_by_auth_code_flow(flow, response, options)
                }

                fn logout_url(&self, options: LogoutOptions) -> Flow<Url> {
                    self.logout_url(options)
                }

                fn by_refresh_token<S: IntoIterator<Item: AsRef<str>>>(
                    &self,
                    refresh_token: RefreshToken,
                    scopes: S,
                    options: CallOptions,
                ) -> Flow<AuthenticationResult> {
                    self.acquire_token_by_refresh_token(refresh_token, scopes, options)
                }

                fn by_password<S: IntoIterator<Item: AsRef<str>>>(
                    &self,
                    username: String,
                    password: Password,
                    scopes: S,
                    options: CallOptions,
                ) -> Flow<AuthenticationResult> {
                    self.acquire_token_by_username_password(username, password, scopes, options)
                }
            }
        };
    }

    user_core!(ConfidentialClientApplication);
    user_core!(PublicClientApplication);
}
