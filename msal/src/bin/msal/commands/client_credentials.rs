//! `msal client-credentials`

use clap::Args;
use clap::builder::NonEmptyStringValueParser;
use msal::Error;

use crate::application::{AppTokenCall, Confidential};
use crate::cache_file::{self, CacheFile};
use crate::options::CommonOptions;
use crate::output::Json;

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
    pub(super) fn region(&self) -> Option<&str> {
        self.azure_region.as_deref()
    }

    pub(super) fn call<'a>(&'a self, common: &'a CommonOptions) -> AppTokenCall<'a> {
        AppTokenCall {
            common,
            force_refresh: self.force_refresh,
            fmi_path: self.fmi_path.as_deref(),
        }
    }
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    let cache = cache_file::unlimited();
    let app = Confidential::new(common, options.region(), &cache)?;
    let call = options.call(common);
    // What is wrong with the call shall come out before the cache file is read.
    app.explain(&call)?;
    let file = CacheFile::load(common, &cache)?;
    let result = app.acquire(&call);
    if let Some(file) = file {
        file.save(&cache);
    }
    Json::token(&result?)
}
