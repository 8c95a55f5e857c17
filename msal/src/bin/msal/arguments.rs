//! The command line, taken apart.

use std::ffi::OsString;

use clap::error::ErrorKind as ClapKind;
use clap::{CommandFactory, Parser};
use msal::{CorrelationId, Error, ErrorKind};

use crate::commands::Command;
use crate::options::CommonOptions;

/// Gets tokens for users and applications from Microsoft Entra ID and other identity providers, and looks into caches
#[derive(Parser)]
#[command(name = "msal", version, after_help = AFTER_HELP)]
#[command(arg_required_else_help = false, disable_help_subcommand = true)]
pub(crate) struct CommandLine {
    #[command(flatten)]
    pub(crate) common: CommonOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the arguments amount to.
pub(crate) enum Parsed {
    CommandLine(Box<CommandLine>),
    /// Help or version was asked for.
    Text(String),
    Wrong(Error),
}

/// Reads the arguments, the program's name first.
pub(crate) fn parse(arguments: Vec<OsString>) -> Parsed {
    match CommandLine::try_parse_from(command_first(arguments)) {
        Ok(line) => Parsed::CommandLine(Box::new(line)),
        Err(error) => match error.kind() {
            ClapKind::DisplayHelp | ClapKind::DisplayVersion => Parsed::Text(error.to_string()),
            _ => Parsed::Wrong(wrong(&error)),
        },
    }
}

/// The correlation id among the arguments, if it is one: what else is wrong with them, the error shall carry it.
pub(crate) fn correlation_id(arguments: &[OsString]) -> Option<CorrelationId> {
    let mut arguments = arguments.iter().filter_map(|argument| argument.to_str());
    let value = arguments.find_map(|argument| match argument.strip_prefix("--correlation-id") {
        Some("") => Some(None),
        Some(rest) => rest.strip_prefix('=').map(Some),
        None => None,
    });
    value?.or_else(|| arguments.next())?.parse().ok()
}

/// Moves the common options that stand before the command behind it, so that those of both places come together.
fn command_first(arguments: Vec<OsString>) -> Vec<OsString> {
    let root = CommandLine::command();
    let mut rest = arguments.into_iter().peekable();
    let mut words: Vec<OsString> = rest.next().into_iter().collect();
    let mut options = Vec::new();
    let mut command = &root;
    while let Some(text) = rest.peek().and_then(|argument| argument.to_str()) {
        let takes_value = match Shape::of(&root, text) {
            Shape::Flag => false,
            Shape::WithValue => true,
            Shape::Unknown => match command.find_subcommand(text) {
                Some(found) => {
                    command = found;
                    words.extend(rest.next());
                    continue;
                }
                None => break,
            },
        };
        options.extend(rest.next());
        if takes_value {
            options.extend(rest.next());
        }
    }
    words.into_iter().chain(options).chain(rest).collect()
}

/// What an argument is, as far as the common options go.
enum Shape {
    Flag,
    Unknown,
    WithValue,
}

impl Shape {
    fn of(root: &clap::Command, argument: &str) -> Self {
        let (name, has_value) = match argument.split_once('=') {
            Some((name, _)) => (name, true),
            None => (argument, false),
        };
        let mut known = root.get_arguments();
        let found = known.find(|known| match name.strip_prefix("--") {
            Some(long) => known.get_long() == Some(long),
            None => known
                .get_short()
                .is_some_and(|short| name == format!("-{short}")),
        });
        match found {
            None => Self::Unknown,
            Some(option) if option.get_action().takes_values() && !has_value => Self::WithValue,
            Some(_) => Self::Flag,
        }
    }
}

/// The error without clap's hints, which span several lines.
fn wrong(error: &clap::Error) -> Error {
    let text = error.to_string();
    let what = text.split("\n\n").next().unwrap_or_default();
    let lines: Vec<&str> = what.lines().map(str::trim).collect();
    let what = lines.join(" ");
    let what = what.strip_prefix("error: ").unwrap_or(&what).to_owned();
    Error::new(ErrorKind::InvalidArgument("command line")).because(what)
}

const AFTER_HELP: &str = "\
Standard output holds one JSON value. A failure is
  {\"error\": {kind, code, description, suberror, claims, aadsts, correlation_id, retry_after, needs_interaction}}
where kind is one of
  authority, browser, cache, callback_panicked, cancelled, credential, declined, expired, interaction_required,
  internal, invalid_argument, invalid_response, not_cached, redirected, server, throttled, timeout, transport,
  unsupported

Exit status: 0 done; 1 an error; 2 wrong usage, nothing was sent; 3 the user must sign in.";

#[cfg(test)]
mod tests {
    use super::*;

    fn reordered(line: &str) -> String {
        let arguments = line.split(' ').map(OsString::from).collect();
        let moved = command_first(arguments);
        moved.join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn the_definition_is_consistent() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn common_options_move_behind_the_command_and_nothing_else_does() {
        for (line, moved) in [
            ("msal", "msal"),
            ("msal cache verify f", "msal cache verify f"),
            (
                "msal --scope a client-credentials --scope b",
                "msal client-credentials --scope a --scope b",
            ),
            (
                "msal -v --oidc explain --client-id=x client-credentials --fmi-path p",
                "msal explain client-credentials -v --oidc --client-id=x --fmi-path p",
            ),
            // What looks like a command may be a value, and an unknown option ends the search.
            (
                "msal --scope cache cache inspect f",
                "msal cache inspect --scope cache f",
            ),
            (
                "msal --bogus cache inspect f",
                "msal --bogus cache inspect f",
            ),
            ("msal --scope", "msal --scope"),
        ] {
            assert_eq!(reordered(line), moved);
        }
    }

    #[test]
    fn scopes_of_both_places_come_together() {
        let line = "msal --scope a client-credentials --scope b --client-id x";
        let Parsed::CommandLine(line) = parse(line.split(' ').map(OsString::from).collect()) else {
            panic!("it is a good line");
        };
        assert_eq!(line.common.scopes, ["a", "b"]);
        assert_eq!(line.common.client_id.as_deref(), Some("x"));
    }

    #[test]
    fn a_correlation_id_is_found_whatever_else_is_wrong() {
        let found = |line: &str| {
            let arguments: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            correlation_id(&arguments).map(|id| id.to_string())
        };
        let id = "00000000-0000-4000-8000-000000000001";
        assert_eq!(
            found(&format!("msal --bogus --correlation-id {id}")).as_deref(),
            Some(id)
        );
        assert_eq!(
            found(&format!("msal x --correlation-id={id} --y")).as_deref(),
            Some(id)
        );
        assert_eq!(found("msal --correlation-id"), None);
        assert_eq!(found("msal --correlation-id 1"), None);
        assert_eq!(found(&format!("msal --correlation-id-of {id}")), None);
    }
}
