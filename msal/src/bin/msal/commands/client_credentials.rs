//! `msal client-credentials`

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use msal::request::ForClient;
use msal::{Call, Error};

use crate::kept::Access;
use crate::options::CommonOptions;
use crate::output::Json;
use crate::session::{Session, token};

/// What client credentials can be told beside the common options.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    /// Goes past the cached token
    #[arg(long)]
    force_refresh: bool,
    /// The region whose token service to use; auto finds out
    #[arg(long, value_name = "R")]
    azure_region: Option<String>,
    /// The path of a federated managed identity
    #[arg(long, value_name = "P", value_parser = NonEmptyStringValueParser::new())]
    fmi_path: Option<String>,
}

impl Options {
    pub(super) fn session<'a>(
        &self,
        common: &'a CommonOptions,
        access: Access,
    ) -> Result<Session<'a>, Error> {
        Session::with(common, self.azure_region.as_deref(), access)
    }

    pub(super) fn on<'a, A, S>(
        &self,
        mut call: Call<'a, A, ForClient<S>>,
    ) -> Call<'a, A, ForClient<S>> {
        if let Some(path) = &self.fmi_path {
            call = call.fmi_path(path);
        }
        if self.force_refresh {
            call = call.force_refresh();
        }
        call
    }
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let session = options.session(common, Access::Use)?;
    token!(
        session,
        confidential | app | options.on(app.acquire_token_for_client(&common.scopes))
    )
}
