use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::SignIn;
use crate::entra::authorize::AuthorizationRequest;
use crate::realm::Realm;
use crate::registry::App;

/// What happens in browsers at this moment: one entry for each page that waits for a person.
#[derive(Default)]
pub(crate) struct Interactions {
    interactions: HashMap<String, Interaction>,
}

/// A person before the pages, on the way from a request to its answer.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub(crate) realm: Realm,
    pub(crate) app: Arc<App>,
    pub(crate) scope: String,
    /// The username that the page has filled in.
    pub(crate) hint: String,
    pub(crate) purpose: Purpose,
    /// Who has shown a password, and perhaps a second factor.
    pub(crate) sign_in: Option<SignIn>,
    /// Whether the person has seen and accepted what the app will do.
    pub(crate) consented: bool,
}

/// What a person signs in for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    Authorize(Box<AuthorizationRequest>),
    /// A device, by its device code.
    Device(String),
}

impl Interaction {
    pub(crate) fn new(
        realm: Realm,
        app: Arc<App>,
        scope: &str,
        hint: &str,
        purpose: Purpose,
    ) -> Self {
        Self {
            realm,
            app,
            scope: scope.to_owned(),
            hint: hint.to_owned(),
            purpose,
            sign_in: None,
            consented: false,
        }
    }
}

impl Interactions {
    /// Begins one, and gives its name.
    pub(crate) fn begin(&mut self, interaction: Interaction) -> String {
        let flow = Uuid::new_v4().to_string();
        self.interactions.insert(flow.clone(), interaction);
        flow
    }

    pub(crate) fn find(&self, flow: &str) -> Option<Interaction> {
        self.interactions.get(flow).cloned()
    }

    pub(crate) fn put(&mut self, flow: &str, interaction: Interaction) {
        self.interactions.insert(flow.to_owned(), interaction);
    }

    /// Ends one, and says whether it had not ended yet.
    pub(crate) fn end(&mut self, flow: &str) -> bool {
        self.interactions.remove(flow).is_some()
    }
}
