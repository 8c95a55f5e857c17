//! As much of HTML as the provider's pages have.

/// A form, and what is typed into it.
pub(super) struct Form {
    pub(super) action: String,
    pub(super) name: Option<String>,
    /// Names and values of its inputs, in their order.
    pub(super) fields: Vec<(String, String)>,
    /// Names and values of its buttons, of which one is pressed at most.
    pub(super) buttons: Vec<(String, String)>,
}

impl Form {
    /// Reads the first form of a page.
    pub(super) fn first_in(page: &str) -> Option<Self> {
        let mut tags = tags(page).skip_while(|tag| tag.name != "form");
        let opening = tags.next()?;
        let mut form = Self {
            action: opening.attribute("action").unwrap_or_default(),
            name: opening.attribute("name"),
            fields: Vec::new(),
            buttons: Vec::new(),
        };
        for tag in tags.take_while(|tag| tag.name != "/form") {
            let (Some(name), value) = (
                tag.attribute("name"),
                tag.attribute("value").unwrap_or_default(),
            ) else {
                continue;
            };
            match tag.name {
                "input" => form.fields.push((name, value)),
                "button" => form.buttons.push((name, value)),
                _ => {}
            }
        }
        Some(form)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(found, _)| found == name)
    }

    pub(super) fn has_button(&self, name: &str) -> bool {
        self.buttons.iter().any(|(found, _)| found == name)
    }

    /// Types into an input, or presses a button.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match self.fields.iter_mut().find(|(found, _)| found == name) {
            Some((_, typed)) => value.clone_into(typed),
            None => self.fields.push((name.to_owned(), value.to_owned())),
        }
    }

    pub(super) fn encoded(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(&self.fields)
            .finish()
    }
}

/// The text of the element of that id, which has no others in it.
pub(super) fn text_of(page: &str, id: &str) -> Option<String> {
    let tag = tags(page).find(|tag| tag.attribute("id").as_deref() == Some(id))?;
    Some(unescape(tag.text))
}

struct Tag<'page> {
    name: &'page str,
    attributes: &'page str,
    /// What follows it, up to the next.
    text: &'page str,
}

impl Tag<'_> {
    fn attribute(&self, name: &str) -> Option<String> {
        let start = format!(" {name}=\"");
        let (_, rest) = self.attributes.split_once(&start)?;
        rest.split('"').next().map(unescape)
    }
}

/// The tags of a page. In the values of attributes, `<` and `>` are escaped.
fn tags(page: &str) -> impl Iterator<Item = Tag<'_>> {
    page.split('<').skip(1).filter_map(|piece| {
        let (tag, text) = piece.split_once('>')?;
        let name_end = tag.find(char::is_whitespace).unwrap_or(tag.len());
        let (name, attributes) = tag.split_at(name_end);
        Some(Tag {
            name,
            attributes,
            text,
        })
    })
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_with_its_inputs_and_buttons() {
        let page = "<h1>x</h1><div id=\"error\" role=\"alert\">no &amp; no</div><form method=\"post\" \
                    action=\"/login?a=1&amp;b=2\"><input type=\"hidden\" name=\"flow\" value=\"&quot;f&quot;\">\
                    <button name=\"decision\" value=\"accept\">Yes</button></form><input name=\"other\">";
        let form = Form::first_in(page).unwrap();
        assert_eq!(form.action, "/login?a=1&b=2");
        assert_eq!(form.fields, [("flow".to_owned(), "\"f\"".to_owned())]);
        assert_eq!(form.buttons, [("decision".to_owned(), "accept".to_owned())]);
        assert_eq!(text_of(page, "error").as_deref(), Some("no & no"));
        assert_eq!(text_of(page, "done"), None);
    }
}
