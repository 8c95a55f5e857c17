use http::StatusCode;

use super::envelope;
use super::names::{ADDRESSING, SECURITY_EXTENSION, trust};
use crate::WsTrustVersion;
use crate::context::Context;
use crate::reply::Reply;

/// Why a request for a token is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The action is not the endpoint's.
    ActionNotSupported,
    /// The header and the message name different actions.
    ActionMismatch,
    /// The message is for another address.
    DestinationUnreachable,
    /// The user name or the password is wrong.
    FailedAuthentication,
    /// The message's security header is missing, incomplete or out of date.
    InvalidSecurity,
    /// What the token shall be for is unknown.
    InvalidScope,
    /// A header of WS-Addressing is missing.
    MissingMessageId,
    /// What is asked for is not what the endpoint does.
    RequestFailed,
}

impl Fault {
    pub(super) fn reply(
        self,
        context: &Context,
        version: WsTrustVersion,
        relates_to: Option<&str>,
    ) -> Reply {
        let (namespace, subcode, reason) = self.parts(version);
        let body = format!(
            "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode>\
             <s:Value xmlns:a=\"{namespace}\">a:{subcode}</s:Value></s:Subcode></s:Code>\
             <s:Reason><s:Text xml:lang=\"en-US\">{reason}</s:Text></s:Reason></s:Fault>"
        );
        let action = match self {
            Self::ActionMismatch
            | Self::ActionNotSupported
            | Self::DestinationUnreachable
            | Self::MissingMessageId => "http://www.w3.org/2005/08/addressing/fault",
            _ => "http://www.w3.org/2005/08/addressing/soap/fault",
        };
        envelope::reply(
            context,
            StatusCode::INTERNAL_SERVER_ERROR,
            action,
            relates_to,
            &body,
        )
    }

    const fn parts(self, version: WsTrustVersion) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::ActionNotSupported => (
                ADDRESSING,
                "ActionNotSupported",
                "The message cannot be processed at the receiver, due to a ContractFilter mismatch at the \
                 EndpointDispatcher. This may be because of either a contract mismatch (mismatched Actions between \
                 sender and receiver) or a binding/security mismatch between the sender and the receiver.",
            ),
            Self::ActionMismatch => (
                ADDRESSING,
                "ActionMismatch",
                "The SOAP action specified on the message does not match the HTTP SOAP Action.",
            ),
            Self::DestinationUnreachable => (
                ADDRESSING,
                "DestinationUnreachable",
                "The message cannot be processed at the receiver, due to an AddressFilter mismatch at the \
                 EndpointDispatcher. Check that the sender and receiver's EndpointAddresses agree.",
            ),
            Self::FailedAuthentication => (
                trust(version),
                "FailedAuthentication",
                "ID3242: The security token could not be authenticated or authorized.",
            ),
            Self::InvalidSecurity => (
                SECURITY_EXTENSION,
                "InvalidSecurity",
                "An error occurred when verifying security for the message.",
            ),
            Self::InvalidScope => (
                trust(version),
                "InvalidScope",
                "ID3082: The request scope is not valid or is unsupported.",
            ),
            Self::MissingMessageId => (
                ADDRESSING,
                "MessageAddressingHeaderRequired",
                "The 'http://www.w3.org/2005/08/addressing' namespace's 'MessageID' header is required, but was not \
                 found.",
            ),
            Self::RequestFailed => (
                trust(version),
                "RequestFailed",
                "ID3037: The specified request failed.",
            ),
        }
    }
}
