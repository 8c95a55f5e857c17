//! The one place where XML is read and written. What is read is looked through first, in one pass and linear time,
//! so that a parser sees only what real documents are made of.

use roxmltree::{Document, Node, ParsingOptions};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind};

/// Reads a document; `name` is what errors call it. They never quote it.
pub(super) fn parse<'a>(bytes: &'a [u8], name: &'static str) -> Result<Document<'a>, Error> {
    let refused = |why: &'static str| Error::new(ErrorKind::InvalidResponse(name)).because(why);
    let text = checked(bytes).map_err(refused)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: MOST_NODES,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(text, options).map_err(|error| {
        let why = match error {
            roxmltree::Error::NodesLimitReached => "it has too many nodes".into(),
            error => {
                let at = error.pos();
                format!("it is no XML, at line {} column {}", at.row, at.col)
            }
        };
        Error::new(ErrorKind::InvalidResponse(name)).because(why)
    })
}

/// The text of an element that has nothing else in it, without the white space around it.
///
/// A comment or an element inside makes it none: two readers could see two texts.
pub(super) fn text<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let mut children = node.children();
    match (children.next(), children.next()) {
        (None, _) => Some(""),
        (Some(only), None) if only.is_text() => only.text().map(str::trim_ascii),
        _ => None,
    }
}

/// The child elements of this name.
pub(super) fn children<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children()
        .filter(move |child| child.has_tag_name((namespace, name)))
}

/// The first child element of this name.
pub(super) fn child<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    namespace: &'static str,
    name: &'static str,
) -> Option<Node<'a, 'i>> {
    children(node, namespace, name).next()
}

/// A document on its way out. It is wiped when dropped, for it has a password in it.
pub(super) struct Writer(Zeroizing<Vec<u8>>);

impl Writer {
    /// An empty document; `room` bytes are what it will need, since growing would leave copies behind.
    pub(super) fn with_room(room: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(room)))
    }

    /// Adds markup of our own.
    pub(super) fn markup(&mut self, markup: &'static str) -> &mut Self {
        self.push(markup);
        self
    }

    /// Adds a value as text or inside an attribute's quotes.
    ///
    /// Fails with [`ErrorKind::InvalidArgument`] of this name where it has a character that XML 1.0 cannot express
    /// (section 2.2).
    pub(super) fn value(&mut self, value: &str, name: &'static str) -> Result<&mut Self, Error> {
        for (at, c) in value.char_indices() {
            let escape = match c {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\'' => "&apos;",
                // As themselves, a reader would turn them into spaces or other line ends.
                '\t' => "&#9;",
                '\n' => "&#10;",
                '\r' => "&#13;",
                '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                    return Err(Error::new(ErrorKind::InvalidArgument(name)).because(
                        "it contains a control character, which a federation server cannot be sent",
                    ));
                }
                _ => value
                    .get(at..at.saturating_add(c.len_utf8()))
                    .unwrap_or_default(),
            };
            self.push(escape);
        }
        Ok(self)
    }

    pub(super) fn finish(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    fn push(&mut self, piece: &str) {
        if self.0.capacity() - self.0.len() < piece.len() {
            let mut wider = Zeroizing::new(Vec::with_capacity((self.0.len() + piece.len()) * 2));
            wider.extend_from_slice(&self.0);
            self.0 = wider;
        }
        self.0.extend_from_slice(piece.as_bytes());
    }
}

/// How many bytes a value may grow to when it is escaped.
pub(super) fn most_escaped(value: &str) -> usize {
    value.len().saturating_mul(LONGEST_ESCAPE)
}

/// Looks the document through and gives its text, or says what is wrong with it.
fn checked(bytes: &[u8]) -> Result<&str, &'static str> {
    if bytes.len() > LARGEST {
        return Err("it is over 256 KiB");
    }
    let text = std::str::from_utf8(bytes).map_err(|_| "it is no UTF-8")?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut rest = after_declaration(text)?;
    let mut scope = Scope::default();
    while let Some((_, markup)) = rest.split_once('<') {
        rest = if let Some(comment) = markup.strip_prefix("!--") {
            inert(comment, "-->")?
        } else if let Some(data) = markup.strip_prefix("![CDATA[") {
            inert(data, "]]>")?
        } else if markup.starts_with('!') {
            return Err("it has a document type or entities, which are refused");
        } else if markup.starts_with('?') {
            return Err("it has a processing instruction, which is refused");
        } else if let Some(name) = markup.strip_prefix('/') {
            scope.leave();
            name.split_once('>').ok_or(UNFINISHED)?.1
        } else {
            let (tag, rest) = split_tag(markup)?;
            scope.enter(tag)?;
            rest
        };
    }
    Ok(text)
}

/// Skips the XML declaration, in which no other encoding may be named.
fn after_declaration(text: &str) -> Result<&str, &'static str> {
    let Some(declaration) = text.strip_prefix("<?xml") else {
        return Ok(text);
    };
    if !declaration.starts_with([' ', '\t', '\r', '\n']) {
        return Err("it has a processing instruction, which is refused");
    }
    let (declaration, rest) = declaration.split_once("?>").ok_or(UNFINISHED)?;
    if let Some((_, encoding)) = declaration.split_once("encoding") {
        let named = encoding.split(['"', '\'']).nth(1).unwrap_or_default();
        if !named.eq_ignore_ascii_case("utf-8") {
            return Err("its encoding is not UTF-8");
        }
    }
    Ok(rest)
}

/// Skips a comment or character data. What looks like forbidden markup is refused in there too.
fn inert<'a>(text: &'a str, end: &str) -> Result<&'a str, &'static str> {
    let (inside, rest) = text.split_once(end).ok_or(UNFINISHED)?;
    if inside.contains("<!") || inside.contains("<?") {
        return Err("it has a document type or a processing instruction in disguise");
    }
    Ok(rest)
}

struct Tag<'a> {
    text: &'a str,
    attributes: usize,
}

/// Splits off a start tag: up to the first `>` outside of quotes.
fn split_tag(markup: &str) -> Result<(Tag<'_>, &str), &'static str> {
    let mut quote = None;
    let mut attributes = 0_usize;
    for (at, byte) in markup.bytes().enumerate() {
        match (byte, quote) {
            (b'<', _) => return Err("it is no XML"),
            (_, Some(open)) if open == byte => quote = None,
            (b'"' | b'\'', None) => {
                quote = Some(byte);
                attributes = attributes.saturating_add(1);
            }
            (b'>', None) => {
                let (text, rest) = markup.split_at(at);
                let rest = rest.strip_prefix('>').unwrap_or(rest);
                return Ok((Tag { text, attributes }, rest));
            }
            _ => {}
        }
    }
    Err(UNFINISHED)
}

/// What is open at a place in the document.
#[derive(Default)]
struct Scope {
    /// How many namespaces each open element declares.
    open: Vec<usize>,
    namespaces: usize,
    elements: u32,
}

impl Scope {
    fn enter(&mut self, tag: Tag<'_>) -> Result<(), &'static str> {
        self.elements = self.elements.saturating_add(1);
        // Perhaps too many, when a value has the word in it: the limit is far away.
        let declared = tag.text.matches("xmlns").count();
        if self.elements > MOST_NODES {
            return Err("it has too many nodes");
        }
        if tag.attributes > MOST_ATTRIBUTES {
            return Err("an element has too many attributes");
        }
        if self.namespaces.saturating_add(declared) > MOST_NAMESPACES {
            return Err("it declares too many namespaces");
        }
        if self.open.len() >= DEEPEST {
            return Err("it is too deep");
        }
        if !tag.text.ends_with('/') {
            self.open.push(declared);
            self.namespaces = self.namespaces.saturating_add(declared);
        }
        Ok(())
    }

    fn leave(&mut self) {
        let declared = self.open.pop().unwrap_or_default();
        self.namespaces = self.namespaces.saturating_sub(declared);
    }
}

pub(super) const LARGEST: usize = 256 * 1024;
const DEEPEST: usize = 64;
const MOST_NODES: u32 = 20_000;
const MOST_ATTRIBUTES: usize = 64;
/// At one place: each element has a list of those that it inherits.
const MOST_NAMESPACES: usize = 128;
const LONGEST_ESCAPE: usize = 6;
const UNFINISHED: &str = "it ends in the middle of its markup";

#[cfg(test)]
mod tests;
