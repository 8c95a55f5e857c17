use std::path::Path;

use super::surroundings::Surroundings;
use super::{Attempt, NoBrowser};

/// The desktop's own way, then what is found most.
pub(super) fn attempts(
    surroundings: &Surroundings,
    url: &str,
    is_remote: bool,
) -> Result<Vec<Attempt>, NoBrowser> {
    if CONTAINER_MARKS
        .iter()
        .any(|mark| surroundings.exists(Path::new(mark)))
    {
        return Err(NoBrowser::Container);
    }
    let has_display = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| surroundings.has(name));
    if is_remote && !has_display {
        return Err(NoBrowser::RemoteSession);
    }
    if ["WSL_DISTRO_NAME", "WSL_INTEROP"]
        .iter()
        .any(|name| surroundings.has(name))
    {
        return Ok(of_wsl(surroundings, url));
    }
    if !has_display {
        return Err(NoBrowser::NoDisplay);
    }
    Ok(OPENERS
        .iter()
        .filter_map(|(name, verb)| {
            let program = surroundings.find(name)?;
            Some(Attempt::new(program, verb.iter().copied().chain([url])))
        })
        .collect())
}

/// The browser is that of Windows. It needs no display on this side.
fn of_wsl(surroundings: &Surroundings, url: &str) -> Vec<Attempt> {
    let view = surroundings.find("wslview");
    let explorer = surroundings.find("explorer.exe").or_else(|| {
        let usual = Path::new("/mnt/c/Windows/explorer.exe");
        surroundings.exists(usual).then(|| usual.to_owned())
    });
    let view = view.map(|program| Attempt::new(program, [url]));
    // It ends in 1 when all went well.
    let explorer = explorer.map(|program| Attempt {
        good_codes: &[0, 1],
        ..Attempt::new(program, [url])
    });
    view.into_iter().chain(explorer).collect()
}

/// Docker's and Podman's.
const CONTAINER_MARKS: [&str; 2] = ["/.dockerenv", "/run/.containerenv"];

/// Programs, with the words before the address.
const OPENERS: [(&str, &[&str]); 4] = [
    ("xdg-open", &[]),
    ("gio", &["open"]),
    ("kde-open", &[]),
    ("x-www-browser", &[]),
];
