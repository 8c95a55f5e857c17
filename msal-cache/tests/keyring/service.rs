use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use zbus::Message;
use zbus::blocking::{Connection, MessageIterator};
use zbus::zvariant::{ObjectPath, OwnedObjectPath, OwnedValue, Value};

use crate::bus::Bus;

/// A Secret Service that behaves as it is told to. It knows sessions without encryption alone, as some do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mood {
    /// Ends its connection when it is asked for an item.
    Dies,
    /// Answers with an error when it is asked for an item.
    Fails,
    /// Keeps nothing of what it is given.
    Forgets,
    /// Has an item, locked, which only a prompt unlocks; the prompt never ends.
    Locked,
    /// Has an item, locked, which it unlocks without a prompt.
    LockedWithout,
    /// Has an item, locked, and the person will not unlock it.
    Refused,
    /// Never answers to anything.
    Silent,
    /// Has no default collection.
    Uncollected,
}

/// What it was asked to do, in this order.
pub(crate) struct Service(Receiver<String>);

impl Service {
    pub(crate) fn start(bus: &Bus, mood: Mood) -> Self {
        let connection = bus.connect();
        connection.request_name("org.freedesktop.secrets").unwrap();
        let messages = MessageIterator::from(&connection);
        let (sender, asked) = mpsc::channel();
        thread::spawn(move || serve(connection, messages, mood, &sender));
        Self(asked)
    }

    pub(crate) fn was_asked(&self) -> Vec<String> {
        self.0.try_iter().collect()
    }

    /// Waits until it is asked for anything.
    pub(crate) fn wait(&self) {
        self.0.recv().unwrap();
    }
}

fn serve(connection: Connection, messages: MessageIterator, mood: Mood, asked: &Sender<String>) {
    for message in messages {
        let Ok(message) = message else { return };
        let header = message.header();
        let Some(member) = header
            .member()
            .filter(|_| message.message_type() == zbus::message::Type::MethodCall)
        else {
            continue;
        };
        let member = member.as_str().to_owned();
        let _ = asked.send(member.clone());
        if mood == Mood::Dies && member == "SearchItems" {
            connection.close().unwrap();
            return;
        }
        if mood != Mood::Silent {
            answer(&connection, &message, &member, mood);
        }
    }
}

fn answer(connection: &Connection, message: &Message, member: &str, mood: Mood) {
    let header = message.header();
    let fail = |name: &str| {
        connection
            .reply_error(&header, name, &"it says why")
            .unwrap()
    };
    let is_locked = matches!(mood, Mood::Locked | Mood::LockedWithout | Mood::Refused);
    let sent = match member {
        "OpenSession" => {
            let (algorithm, _): (String, OwnedValue) = message.body().deserialize().unwrap();
            if algorithm != "plain" {
                return fail("org.freedesktop.DBus.Error.NotSupported");
            }
            connection.reply(&header, &(Value::from(""), path("/session")))
        }
        "SearchItems" if mood == Mood::Fails => return fail("com.example.Broken"),
        "SearchItems" => {
            let items: Vec<OwnedObjectPath> =
                is_locked.then(|| path("/item")).into_iter().collect();
            connection.reply(&header, &(Vec::<OwnedObjectPath>::new(), items))
        }
        "ReadAlias" if mood == Mood::Uncollected => connection.reply(&header, &path("/")),
        "ReadAlias" => connection.reply(&header, &path("/collection")),
        "Get" => connection.reply(&header, &Value::from(false)),
        "Unlock" if mood == Mood::LockedWithout => {
            let asked: Vec<OwnedObjectPath> = message.body().deserialize().unwrap();
            connection.reply(&header, &(asked, path("/")))
        }
        "Unlock" => {
            let asked: Vec<OwnedObjectPath> = message.body().deserialize().unwrap();
            assert_eq!(asked, [path("/item")]);
            connection.reply(&header, &(Vec::<OwnedObjectPath>::new(), path("/prompt")))
        }
        "Prompt" => {
            connection.reply(&header, &()).unwrap();
            if mood == Mood::Refused {
                let (interface, body) = ("org.freedesktop.Secret.Prompt", (true, Value::from("")));
                let signal =
                    connection.emit_signal(None::<&str>, "/prompt", interface, "Completed", &body);
                signal.unwrap();
            }
            return;
        }
        "CreateItem" => connection.reply(&header, &(path("/item"), path("/"))),
        "GetSecret" => {
            let key = b"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=".to_vec();
            let secret = (path("/session"), Vec::<u8>::new(), key, "text/plain");
            connection.reply(&header, &(secret,))
        }
        _ => connection.reply(&header, &()),
    };
    sent.unwrap();
}

fn path(path: &str) -> OwnedObjectPath {
    ObjectPath::try_from(path).unwrap().into()
}
