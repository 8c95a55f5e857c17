use std::time::{Duration, Instant};

use super::*;

fn why(document: impl AsRef<[u8]>) -> String {
    let error = parse(document.as_ref(), "test document").unwrap_err();
    assert_eq!(error.kind(), &ErrorKind::InvalidResponse("test document"));
    assert!(
        !format!("{error} {error:?}").contains("canary"),
        "{error:?}"
    );
    error
        .to_string()
        .replace("the test document could not be understood: ", "")
}

#[test]
fn an_ordinary_document_is_read() {
    let document = "\u{feff}<?xml version=\"1.0\" encoding='UTF-8' ?>\r\n<a x='1' xmlns:b=\"urn:b\"><!-- - -->\
        <b:c> one &amp; <![CDATA[<two> & ]]>three\u{1F600}</b:c></a>\n";
    let document = parse(document.as_bytes(), "test document").unwrap();
    let inner = child(document.root_element(), "urn:b", "c").unwrap();
    assert_eq!(text(inner), Some("one & <two> & three\u{1F600}"));
}

#[test]
fn what_is_not_plain_text_is_none() {
    for inside in ["canary<!-- -->b", "<!-- -->", "a<b/>", "<b>a</b>"] {
        let document = ["<a>", inside, "</a>"].concat();
        let document = parse(document.as_bytes(), "test document").unwrap();
        assert_eq!(text(document.root_element()), None, "{inside}");
    }
    let document = parse(b"<a/>", "test document").unwrap();
    assert_eq!(text(document.root_element()), Some(""));
}

#[test]
fn document_types_entities_and_instructions_are_refused_before_parsing() {
    let external =
        r#"<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/canary">]><a>&x;</a>"#;
    let laughs = {
        let mut dtd = String::from("<!DOCTYPE a [<!ENTITY l0 \"canary\">");
        for level in 1..10 {
            let before = format!("&l{};", level - 1).repeat(10);
            dtd += &format!("<!ENTITY l{level} \"{before}\">");
        }
        dtd + "]><a>&l9;</a>"
    };
    for document in [
        external,
        &laughs,
        "<!DOCTYPE canary><a/>",
        "<!doctype canary><a/>",
        "<a><!ENTITY canary 'x'></a>",
        "<!ELEMENT canary ANY><a/>",
        "<a><![canary[x]]></a>",
    ] {
        assert_eq!(
            why(document),
            "it has a document type or entities, which are refused",
            "{document}"
        );
    }
    for document in [
        "<?canary x?><a/>",
        "<a><?canary?></a>",
        "<a/><?canary?>",
        " <?xml version='1.0'?><a/>",
        "<?xml version='1.0'?><?xml version='1.0'?><a/>",
        "<?xml-stylesheet href='canary'?><a/>",
    ] {
        assert_eq!(
            why(document),
            "it has a processing instruction, which is refused",
            "{document}"
        );
    }
    for document in [
        "<a><![CDATA[<!DOCTYPE canary>]]></a>",
        "<a><!-- <!ENTITY canary> --></a>",
        "<a><![CDATA[<?canary?>]]></a>",
    ] {
        assert!(why(document).ends_with("in disguise"), "{document}");
    }
    // An entity that nobody declared.
    assert!(why("<a>&canary;</a>").starts_with("it is no XML, at line 1"));
}

#[test]
fn only_utf_8_is_read() {
    let wide: Vec<u8> = "<a>canary</a>"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    // Without a mark these bytes are UTF-8 too, but no XML.
    assert!(parse(&wide, "test document").is_err());
    assert_eq!(why([&[0xff, 0xfe], &wide[..]].concat()), "it is no UTF-8");
    assert_eq!(why(b"<a>\xc3\x28</a>"), "it is no UTF-8");
    assert_eq!(why(b"<a>\xed\xa0\x80</a>"), "it is no UTF-8");
    for encoding in ["UTF-7", "utf-16", "ISO-8859-1", "utf-8canary", ""] {
        let document = format!("<?xml version='1.0' encoding=\"{encoding}\"?><a/>");
        assert_eq!(why(document), "its encoding is not UTF-8", "{encoding}");
    }
}

#[test]
fn depth_width_and_size_have_limits() {
    let deep = |depth| ["<a>".repeat(depth), "</a>".repeat(depth)].concat();
    assert!(parse(deep(DEEPEST).as_bytes(), "test document").is_ok());
    assert_eq!(why(deep(DEEPEST + 1)), "it is too deep");
    assert_eq!(why("<a>".repeat(80_000)), "it is too deep");
    let deep_inside = ["<a>".repeat(DEEPEST), "<b/>".into(), "</a>".repeat(DEEPEST)].concat();
    assert_eq!(why(deep_inside), "it is too deep");

    let wide = |count: usize| {
        let attributes: String = (0..count)
            .map(|n| format!(" a{n}='<'").replace('<', "x"))
            .collect();
        format!("<a{attributes}/>")
    };
    assert!(parse(wide(MOST_ATTRIBUTES).as_bytes(), "test document").is_ok());
    assert_eq!(
        why(wide(MOST_ATTRIBUTES + 1)),
        "an element has too many attributes"
    );
    assert_eq!(why(wide(20_000)), "an element has too many attributes");

    let long = |count: usize| ["<a>", &"<b/>".repeat(count), "</a>"].concat();
    assert!(parse(long(19_000).as_bytes(), "test document").is_ok());
    assert_eq!(why(long(20_001)), "it has too many nodes");
    assert_eq!(
        why(["<a>", &"x<b/>".repeat(15_000), "</a>"].concat()),
        "it has too many nodes"
    );

    let huge = |length: usize| format!("<a b='{}'/>", "x".repeat(length));
    assert!(parse(huge(LARGEST - 9).as_bytes(), "test document").is_ok());
    assert_eq!(why(huge(LARGEST)), "it is over 256 KiB");

    let declaring = |levels: usize| {
        let open: String = (0..levels)
            .map(|level| {
                let names: String = (0..32).map(|n| format!(" xmlns:n{n}='u{level}'")).collect();
                format!("<a{names}>")
            })
            .collect();
        open + &"</a>".repeat(levels)
    };
    assert!(parse(declaring(4).as_bytes(), "test document").is_ok());
    assert_eq!(why(declaring(5)), "it declares too many namespaces");
}

#[test]
fn markup_that_does_not_end_is_refused() {
    for document in [
        "<",
        "<a",
        "<a b='",
        "<a b='>",
        "<a></a",
        "<!--",
        "<!-- --",
        "<![CDATA[x]]",
        "<?xml ",
    ] {
        assert!(why(document).starts_with("it "), "{document}");
    }
    for document in [
        "",
        "canary",
        "<a>",
        "</a>",
        "<a></b>",
        "<a/><b/>",
        "<a b='<'/>",
        "<a b=c/>",
        "<x:a/>",
        "<a>\0</a>",
    ] {
        assert!(why(document).starts_with("it "), "{document}");
    }
}

#[test]
fn the_worst_that_fits_is_settled() {
    let fill = |unit: &str, before: &str, after: &str| {
        let room = LARGEST - before.len() - after.len();
        [before, &unit.repeat(room / unit.len()), after].concat()
    };
    let scope: String = (0..60).map(|n| format!(" xmlns:n{n}='u{n}'")).collect();
    let scopes = format!("<a{scope}><a{scope}>");
    for document in [
        fill("<", "", ""),
        fill("<a ", "", ""),
        fill("<!--", "", ""),
        fill("<a>", "", ""),
        fill("&lt;", "<a>", "</a>"),
        fill("x<![CDATA[y]]>", "<a>", "</a>"),
        fill("\r", "<a>", "</a>"),
        fill("&#x41;\r\n", "<a b='", "'/>"),
        fill("'", "<a ", "/>"),
        fill("<b xmlns='u'/>", &scopes, "</a></a>"),
        fill("<b xmlns:c='u'/>", &scopes, "</a></a>"),
        fill("<!-- -->", "<a>", "</a>"),
    ] {
        let begun = Instant::now();
        let _ = parse(document.as_bytes(), "test document");
        let took = begun.elapsed();
        assert!(
            // Square in its length it would take an hour; a machine under load takes its time.
            took < Duration::from_secs(120),
            "{took:?} for {}..",
            &document[..40]
        );
    }
}

fn written(value: &str) -> Result<String, Error> {
    let mut out = Writer::with_room(0);
    out.markup("<a b=\"")
        .value(value, "value")?
        .markup("\">")
        .value(value, "value")?
        .markup("</a>");
    Ok(String::from_utf8(out.finish().to_vec()).unwrap())
}

#[test]
fn markup_in_a_value_stays_text() {
    let document = written("<![CDATA[</a>]]>&amp;'\"\r\n\t").unwrap();
    let escaped = "&lt;![CDATA[&lt;/a&gt;]]&gt;&amp;amp;&apos;&quot;&#13;&#10;&#9;";
    assert_eq!(document, format!("<a b=\"{escaped}\">{escaped}</a>"));
}

#[test]
fn what_xml_cannot_express_is_named_but_not_quoted() {
    for c in [
        '\0', '\u{1}', '\u{8}', '\u{b}', '\u{c}', '\u{e}', '\u{1f}', '\u{fffe}', '\u{ffff}',
    ] {
        let error = written(&format!("canary{c}")).unwrap_err();
        assert_eq!(error.kind(), &ErrorKind::InvalidArgument("value"));
        assert!(!format!("{error:?}").contains("canary"));
    }
}

proptest::proptest! {
    #![proptest_config(crate::protocol::tests::cases())]

    #[test]
    fn whatever_is_written_is_read_again_or_refused(value in "(?s).{0,24}") {
        let expressible = |c: char| !matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
        match written(&value) {
            Err(_) => proptest::prop_assert!(!value.chars().all(expressible)),
            Ok(document) => {
                proptest::prop_assert!(value.chars().all(expressible));
                let document = parse(document.as_bytes(), "test document").unwrap();
                let root = document.root_element();
                proptest::prop_assert_eq!(root.attribute("b"), Some(&*value));
                proptest::prop_assert_eq!(root.text().unwrap_or_default(), &*value);
                proptest::prop_assert!(root.children().count() <= 1);
            }
        }
    }

    #[test]
    fn any_markup_is_read_or_refused(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        let document = pieces.concat();
        if let Ok(read) = parse(document.as_bytes(), "test document") {
            proptest::prop_assert!(read.descendants().all(|node| !node.is_pi()));
            proptest::prop_assert!(read.descendants().all(|node| node.ancestors().count() <= DEEPEST + 2));
        }
    }
}

const PIECES: &[&str] = &[
    "<a>",
    "</a>",
    "<a",
    ">",
    "/>",
    "<b x='1'>",
    "</b>",
    "<!--",
    "-->",
    "<![CDATA[",
    "]]>",
    "<?",
    "?>",
    "<!DOCTYPE a>",
    "\"",
    "'",
    "&amp;",
    "&#0;",
    "&x;",
    "x",
    " ",
    "=",
    "\u{e9}",
    "xmlns:p='u'",
    "p:",
    "<?xml version='1.0'?>",
    "\0",
    "<p:c xmlns:p='v'/>",
];
