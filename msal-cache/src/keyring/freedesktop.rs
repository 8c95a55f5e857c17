//! The Secret Service of freedesktop.org, over the session bus: gnome-keyring, KWallet, KeePassXC and others.

use secret_service::{Collection, EncryptionType, Error, Item, SecretService};
use zbus::zvariant::{ObjectPath, OwnedObjectPath};
use zbus::{Connection, fdo};
use zeroize::Zeroizing;

use super::KeyringReason;
use super::place::{Access, Place};

/// What the item holds, if it is there.
pub(super) fn read(
    place: &Place,
    access: Access,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeyringReason> {
    within(access, async |desk| {
        let Some(item) = desk.find(place).await? else {
            return Ok(None);
        };
        let secret = item.get_secret().await.map_err(told)?;
        Ok(Some(Zeroizing::new(secret)))
    })
}

/// Has the item hold this, and makes it where it is missing.
pub(super) fn write(place: &Place, secret: &[u8], access: Access) -> Result<(), KeyringReason> {
    within(access, async |desk| {
        // One that is there keeps its label and attributes, which may be a peer's.
        if let Some(item) = desk.find(place).await? {
            return item.set_secret(secret, TEXT).await.map_err(told);
        }
        let collection = desk.collection().await?;
        let made = collection
            .create_item(&place.label, place.given(), secret, true, TEXT)
            .await;
        made.map(drop).map_err(told)
    })
}

/// Removes the item. Whether it was there.
pub(super) fn remove(place: &Place, access: Access) -> Result<bool, KeyringReason> {
    within(access, async |desk| {
        let Some(item) = desk.find(place).await? else {
            return Ok(false);
        };
        item.delete().await.map_err(told)?;
        Ok(true)
    })
}

/// Speaks to the service, on a runtime of its own that ends with it: then so do all waits and the connection, and the
/// service takes back what it may have asked the person.
fn within<T>(
    access: Access,
    work: impl AsyncFnOnce(&Desk) -> Result<T, KeyringReason>,
) -> Result<T, KeyringReason> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .build()
        .map_err(|error| KeyringReason::Failed(error.to_string()))?;
    let all = async {
        let desk = Desk::open(access.may_prompt).await?;
        work(&desk).await
    };
    let limited = async { tokio::time::timeout(access.limit, all).await };
    let done = runtime.block_on(limited);
    runtime.shutdown_background();
    done.unwrap_or(Err(KeyringReason::NoAnswer(access.limit)))
}

/// A session with the service.
struct Desk {
    connection: Connection,
    service: SecretService<'static>,
    may_prompt: bool,
}

impl Desk {
    async fn open(may_prompt: bool) -> Result<Self, KeyringReason> {
        let absent = |error: zbus::Error| KeyringReason::NotThere(error.to_string());
        let connection = Connection::session().await.map_err(absent)?;
        let connect =
            |encryption| SecretService::connect_with_existing(encryption, connection.clone());
        let service = match connect(EncryptionType::Dh).await {
            Err(error) if is_unsupported(&error) => connect(EncryptionType::Plain).await,
            connected => connected,
        };
        Ok(Self {
            service: service.map_err(told)?,
            connection,
            may_prompt,
        })
    }

    /// The item, unlocked, if it is there.
    async fn find(&self, place: &Place) -> Result<Option<Item<'_>>, KeyringReason> {
        let found = self.service.search_items(place.sought()).await;
        let found = found.map_err(told)?;
        if let Some(item) = found.unlocked.into_iter().next() {
            return Ok(Some(item));
        }
        let Some(item) = found.locked.into_iter().next() else {
            return Ok(None);
        };
        match self.may_prompt {
            true => item.unlock().await.map_err(told)?,
            false => self.unlock(&item.item_path).await?,
        }
        Ok(Some(item))
    }

    /// Where new items go, unlocked.
    async fn collection(&self) -> Result<Collection<'_>, KeyringReason> {
        let found = self.service.get_collection_by_alias("default").await;
        let collection = match found {
            Err(Error::NoResult) => return Err(KeyringReason::NoCollection),
            found => found.map_err(told)?,
        };
        if !collection.is_locked().await.map_err(told)? {
            return Ok(collection);
        }
        match self.may_prompt {
            true => collection.unlock().await.map_err(told)?,
            false => self.unlock(&collection.collection_path).await?,
        }
        Ok(collection)
    }

    /// Unlocks what can be unlocked without a person, such as a collection without a password.
    async fn unlock(&self, path: &ObjectPath<'_>) -> Result<(), KeyringReason> {
        let answer = self
            .call(
                SERVICE,
                "org.freedesktop.Secret.Service",
                "Unlock",
                &(vec![path],),
            )
            .await?;
        let (unlocked, prompt): (Vec<OwnedObjectPath>, OwnedObjectPath) =
            answer.body().deserialize().map_err(failed)?;
        if unlocked.iter().any(|one| one.as_str() == path.as_str()) {
            return Ok(());
        }
        if prompt.as_str() != NONE {
            // It waits to be shown, which it is not going to be.
            let interface = "org.freedesktop.Secret.Prompt";
            let _ = self.call(prompt.as_str(), interface, "Dismiss", &()).await;
        }
        Err(KeyringReason::Locked)
    }

    async fn call<B>(
        &self,
        path: &str,
        interface: &str,
        method: &str,
        body: &B,
    ) -> Result<zbus::Message, KeyringReason>
    where
        B: serde::Serialize + zbus::zvariant::DynamicType,
    {
        self.connection
            .call_method(Some(NAME), path, Some(interface), method, body)
            .await
            .map_err(|error| told(error.into()))
    }
}

fn is_unsupported(error: &Error) -> bool {
    matches!(name_of(error), Some(name) if name == NOT_SUPPORTED)
}

/// The name of the error that the service, or the bus for it, answered with.
fn name_of(error: &Error) -> Option<String> {
    match error {
        Error::Zbus(zbus::Error::MethodError(name, ..)) => Some(name.as_str().to_owned()),
        Error::Zbus(zbus::Error::FDO(error)) => Some(zbus::DBusError::name(&**error).to_string()),
        Error::ZbusFdo(error) => Some(zbus::DBusError::name(error).to_string()),
        _ => None,
    }
}

/// Why a call failed.
fn told(error: Error) -> KeyringReason {
    match &error {
        Error::Locked => return KeyringReason::Locked,
        Error::Prompt => return KeyringReason::Dismissed,
        Error::PromptDisconnected => return KeyringReason::Gone,
        Error::Unavailable => return KeyringReason::NotThere(error.to_string()),
        // The connection to the bus ended.
        Error::Zbus(zbus::Error::InputOutput(_))
        | Error::ZbusFdo(fdo::Error::ZBus(zbus::Error::InputOutput(_))) => {
            return KeyringReason::Gone;
        }
        _ => {}
    }
    let Some(name) = name_of(&error) else {
        return failed(error);
    };
    match name.as_str() {
        "org.freedesktop.DBus.Error.NoReply" | "org.freedesktop.DBus.Error.Disconnected" => {
            KeyringReason::Gone
        }
        "org.freedesktop.Secret.Error.IsLocked" => KeyringReason::Locked,
        "org.freedesktop.DBus.Error.ServiceUnknown"
        | "org.freedesktop.DBus.Error.NameHasNoOwner" => KeyringReason::NotThere(name),
        // It is not running, and could not be started.
        _ if name.starts_with("org.freedesktop.DBus.Error.Spawn.") => KeyringReason::NotThere(name),
        _ => failed(error),
    }
}

fn failed(error: impl std::error::Error) -> KeyringReason {
    KeyringReason::Failed(error.to_string())
}

const NAME: &str = "org.freedesktop.secrets";

const SERVICE: &str = "/org/freedesktop/secrets";

/// The path that stands for no object.
const NONE: &str = "/";

const NOT_SUPPORTED: &str = "org.freedesktop.DBus.Error.NotSupported";

/// What libsecret calls a password; it reads no other as one.
const TEXT: &str = "text/plain";
