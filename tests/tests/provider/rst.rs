//! A request for a security token as a client writes it, with parts that a test can spoil.

use msal_testing::defaults::{FEDERATED_USERNAME, FEDERATION_HOST, PASSWORD};
use msal_testing::{LocalIdentityProvider, WsTrustVersion};
use roxmltree::Document;
use time::{Duration, OffsetDateTime};

use crate::client::{Client, Response};

#[derive(Clone)]
pub(crate) struct Rst {
    pub(crate) message_id: &'static str,
    pub(crate) soap_action: &'static str,
    version: WsTrustVersion,
    path: WsTrustVersion,
    host: String,
    username: String,
    password: String,
    token_type: String,
    header: &'static str,
    changes: Vec<(String, String)>,
}

impl Rst {
    /// One that succeeds.
    pub(crate) fn new(version: WsTrustVersion) -> Self {
        let soap_action = match version {
            WsTrustVersion::V1_3 => "http://docs.oasis-open.org/ws-sx/ws-trust/200512/RST/Issue",
            _ => "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue",
        };
        Self {
            message_id: "urn:uuid:0d8f1a7c-6b1e-4a53-9a35-0d8e5a1f7b11",
            soap_action,
            version,
            path: version,
            host: FEDERATION_HOST.to_owned(),
            username: FEDERATED_USERNAME.to_owned(),
            password: PASSWORD.to_owned(),
            token_type: String::new(),
            header: soap_action,
            changes: Vec::new(),
        }
    }

    pub(crate) fn at(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Sends it to the endpoint of that version, whatever it is.
    pub(crate) fn at_path(mut self, version: WsTrustVersion) -> Self {
        self.path = version;
        self
    }

    pub(crate) fn user(mut self, username: &str) -> Self {
        username.clone_into(&mut self.username);
        self
    }

    pub(crate) fn password(mut self, password: &str) -> Self {
        password.clone_into(&mut self.password);
        self
    }

    pub(crate) fn token_type(mut self, kind: &str) -> Self {
        self.token_type = format!("<wst:TokenType>{kind}</wst:TokenType>");
        self
    }

    /// Changes the header `SOAPAction` alone.
    pub(crate) fn action(mut self, action: &'static str) -> Self {
        self.header = action;
        self
    }

    /// Changes the text of the document, and the header where it says the same.
    pub(crate) fn text(mut self, from: &str, to: &str) -> Self {
        self.changes.push((from.to_owned(), to.to_owned()));
        self
    }

    pub(crate) fn send(&self, provider: &LocalIdentityProvider) -> Response {
        let header = self
            .changes
            .iter()
            .fold(self.header.to_owned(), |text, (from, to)| {
                text.replace(from, to)
            });
        let headers = [
            ("Content-Type", "application/soap+xml; charset=utf-8"),
            ("SOAPAction", header.as_str()),
        ];
        Client::of(provider)
            .send("POST", &self.endpoint(), &headers, &self.document())
            .unwrap()
    }

    pub(crate) fn document(&self) -> String {
        let (trust, key) = match self.version {
            WsTrustVersion::V1_3 => (
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
                "http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer",
            ),
            _ => (
                "http://schemas.xmlsoap.org/ws/2005/02/trust",
                "http://schemas.xmlsoap.org/ws/2005/05/identity/NoProofKey",
            ),
        };
        let now = OffsetDateTime::now_utc();
        let time = |time: OffsetDateTime| {
            let format =
                time::macros::format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
            time.format(format).unwrap()
        };
        let (created, expires) = (time(now), time(now + Duration::minutes(10)));
        let Self {
            message_id,
            soap_action,
            token_type,
            ..
        } = self;
        let (endpoint, username, password) = (
            self.endpoint(),
            escape(&self.username),
            escape(&self.password),
        );
        let text = format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
             xmlns:wsa=\"http://www.w3.org/2005/08/addressing\" \
             xmlns:wsu=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\">\
             <s:Header><wsa:Action s:mustUnderstand=\"1\">{soap_action}</wsa:Action>\
             <wsa:MessageID>{message_id}</wsa:MessageID><wsa:ReplyTo>\
             <wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>\
             <wsa:To s:mustUnderstand=\"1\">{endpoint}</wsa:To><wsse:Security s:mustUnderstand=\"1\" \
             xmlns:wsse=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd\">\
             <wsu:Timestamp wsu:Id=\"_0\"><wsu:Created>{created}</wsu:Created><wsu:Expires>{expires}</wsu:Expires>\
             </wsu:Timestamp><wsse:UsernameToken wsu:Id=\"UnPw\"><wsse:Username>{username}</wsse:Username>\
             <wsse:Password>{password}</wsse:Password></wsse:UsernameToken></wsse:Security></s:Header>\
             <s:Body><wst:RequestSecurityToken xmlns:wst=\"{trust}\">\
             <wsp:AppliesTo xmlns:wsp=\"http://schemas.xmlsoap.org/ws/2004/09/policy\"><wsa:EndpointReference>\
             <wsa:Address>urn:federation:MicrosoftOnline</wsa:Address></wsa:EndpointReference></wsp:AppliesTo>\
             <wst:KeyType>{key}</wst:KeyType><wst:RequestType>{trust}/Issue</wst:RequestType>{token_type}\
             </wst:RequestSecurityToken></s:Body></s:Envelope>"
        );
        self.changes
            .iter()
            .fold(text, |text, (from, to)| text.replace(from, to))
    }

    fn endpoint(&self) -> String {
        let path = match self.path {
            WsTrustVersion::V1_3 => "13",
            _ => "2005",
        };
        format!(
            "https://{}/adfs/services/trust/{path}/usernamemixed",
            self.host
        )
    }
}

/// The bytes of the assertion in an answer, as they are.
pub(crate) fn assertion(text: &str) -> &str {
    let document = Document::parse(text).unwrap();
    let token = document
        .descendants()
        .find(|node| node.tag_name().name() == "RequestedSecurityToken")
        .unwrap();
    &text[token.first_element_child().unwrap().range()]
}

/// Subcode and reason of a fault.
pub(crate) fn fault(response: &Response) -> (String, String) {
    let text = String::from_utf8(response.body.clone()).unwrap();
    let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let find = |name: &str| {
        document
            .descendants()
            .find(|node| node.tag_name().name() == name)
            .unwrap()
    };
    let subcode = find("Subcode").first_element_child().unwrap();
    (
        subcode.text().unwrap().to_owned(),
        find("Text").text().unwrap().to_owned(),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

pub(crate) const SAML_1: &str = "urn:oasis:names:tc:SAML:1.0:assertion";

pub(crate) const SAML_2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
