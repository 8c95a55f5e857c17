use msal_core::{ScopeCase, Scopes};

/// Whether `scope` is one of `granted`: what [`Scopes::contains`] says, at sixteen bytes a step. Entra ID grants more
/// than was asked for, so a hit has a long list to look through.
pub(crate) fn contains(granted: &Scopes, scope: &str, case: ScopeCase) -> bool {
    let (text, length) = (granted.as_str().as_bytes(), scope.len());
    let is_here = |at: usize| {
        let found = text.get(at..).and_then(|text| text.get(..length));
        let found = found.and_then(|found| str::from_utf8(found).ok());
        found.is_some_and(|found| case.equal(found, scope))
    };
    let Some(initial) = scope.bytes().next() else {
        return false;
    };
    if scope.contains(' ') || text.len() < length {
        return false;
    }
    // The first scope, and the last.
    let is_first = text.get(length).is_none_or(|byte| *byte == b' ') && is_here(0);
    let last = text.len() - length;
    let is_last = || {
        let before = last.checked_sub(1).and_then(|at| text.get(at));
        before == Some(&b' ') && is_here(last)
    };
    if is_first || is_last() {
        return true;
    }
    let at = text.get(1..).unwrap_or_default();
    let after = at.get(length..).unwrap_or_default();
    // One that begins here may be it: as long, and of the same initial in either case.
    let may_be = |before: u8, first: u8, after: u8| {
        (before == b' ') & (first | SMALL == initial | SMALL) & (after == b' ')
    };
    let (blocks, rest) = after.as_chunks::<BLOCK>();
    let (befores, firsts) = (text.as_chunks::<BLOCK>().0, at.as_chunks::<BLOCK>().0);
    let mut begin = 0;
    for ((before, first), after) in befores.iter().zip(firsts).zip(blocks) {
        let bytes = before.iter().zip(first).zip(after);
        let any = bytes.clone().fold(false, |any, ((before, first), after)| {
            any | may_be(*before, *first, *after)
        });
        if any {
            let mut places = (begin + 1..).zip(bytes);
            let found = places.any(|(at, ((before, first), after))| {
                may_be(*before, *first, *after) && is_here(at)
            });
            if found {
                return true;
            }
        }
        begin += BLOCK;
    }
    let rest = text.iter().skip(begin).zip(at.iter().skip(begin)).zip(rest);
    let mut places = (begin + 1..).zip(rest);
    places.any(|(at, ((before, first), after))| may_be(*before, *first, *after) && is_here(at))
}

/// Turns a capital into a small letter.
const SMALL: u8 = 0x20;

const BLOCK: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    proptest! {
        #[test]
        fn it_says_what_a_search_one_by_one_says(
            granted in proptest::collection::vec("[abA@`]{1,3}|[a-z]{5,30}|é", 0..20),
            other in "[abA@` é]{0,4}",
            place in any::<proptest::sample::Index>(),
            is_one in any::<bool>(),
            case in select(&[ScopeCase::Ignored, ScopeCase::Kept][..]),
        ) {
            let one = if granted.is_empty() { "" } else { place.get(&granted) };
            let scope = if is_one { one.to_uppercase() } else { other };
            let granted = Scopes::granted(&granted.join(" "));
            for scope in [&*scope, &*scope.to_lowercase()] {
                let expected = granted.contains(scope, case);
                prop_assert_eq!(contains(&granted, scope, case), expected, "{} in {}", scope, granted);
            }
        }
    }
}
