//! `msal managed-identity`

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Subcommand};
use msal::{
    AuthenticationResult, Error, ErrorKind, ManagedIdentityApplication, ManagedIdentityId,
    ReqwestTransport, UreqTransport, blocking,
};
use serde::Serialize;

use crate::application::{Executor, connected, told};
use crate::input::{self, SMALL, wrong};
use crate::kept::{Access, Kept};
use crate::options::{CommonOptions, TransportChoice};
use crate::output::Json;
use crate::session::Session;

/// Which token, and of which of the machine's identities.
#[derive(Args)]
#[command(next_help_heading = "Options")]
pub(crate) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// The resource to get a token for, such as https://vault.azure.net
    #[arg(long, value_name = "R", value_parser = NonEmptyStringValueParser::new())]
    resource: Option<String>,
    /// The client id of an identity that was assigned to the machine
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    #[arg(group = "identity")]
    client_id_of: Option<String>,
    /// The object id of one
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    #[arg(group = "identity")]
    object_id: Option<String>,
    /// The Azure resource id of one
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    #[arg(group = "identity")]
    resource_id: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Says which service gives this machine its tokens; sends nothing
    Source,
}

pub(super) fn run(options: &Options, common: &CommonOptions) -> Result<Json, Error> {
    if options.command.is_some() {
        let app = blocking::ManagedIdentityApplication::builder(ManagedIdentityId::SystemAssigned);
        let source = app.transport(UreqTransport::new()).build()?.source();
        return Json::of(&Source {
            source: source.name(),
        });
    }
    let resource = options
        .resource
        .as_deref()
        .ok_or_else(|| wrong("command line", "--resource is missing"))?;
    let kept = Kept::new(common, Access::Use)?;
    Session::token(&options.token(resource, &kept, common)?)
}

impl Options {
    fn token(
        &self,
        resource: &str,
        kept: &Kept,
        common: &CommonOptions,
    ) -> Result<AuthenticationResult, Error> {
        let tokens = kept.tokens().clone();
        match common.transport {
            TransportChoice::Reqwest => {
                let app = ManagedIdentityApplication::builder(self.id())
                    .transport(connected!(ReqwestTransport::builder(), common))
                    .token_store(tokens)
                    .client_capabilities(&common.client_capabilities)
                    .build()
                    .map_err(|error| self.not_taken(error))?;
                kept.load()?;
                let executor = Executor::new()?;
                executor.run(async { told!(app.acquire_token(resource), common).await })
            }
            TransportChoice::Ureq => {
                let app = blocking::ManagedIdentityApplication::builder(self.id())
                    .transport(connected!(UreqTransport::builder(), common))
                    .token_store(tokens)
                    .client_capabilities(&common.client_capabilities)
                    .build()
                    .map_err(|error| self.not_taken(error))?;
                kept.load()?;
                told!(app.acquire_token(resource), common).send()
            }
        }
    }

    fn id(&self) -> ManagedIdentityId {
        let ids = (&self.client_id_of, &self.object_id, &self.resource_id);
        match ids {
            (Some(id), ..) => ManagedIdentityId::ClientId(id.clone()),
            (_, Some(id), _) => ManagedIdentityId::ObjectId(id.clone()),
            (.., Some(id)) => ManagedIdentityId::ResourceId(id.clone()),
            _ => ManagedIdentityId::SystemAssigned,
        }
    }

    /// An id that this machine's service does not take is no wrong usage: on another machine it will do.
    fn not_taken(&self, error: Error) -> Error {
        match error.kind() {
            ErrorKind::InvalidArgument("managed identity") => {
                let kind = ErrorKind::Unsupported("this kind of id");
                Error::new(kind).because(error.to_string())
            }
            _ => error,
        }
    }
}

#[derive(Serialize)]
struct Source {
    source: &'static str,
}
