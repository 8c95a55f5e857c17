use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// What decides how a browser is opened: of this process, or made up for a test.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The operating system.
    pub system: System,
    variables: Source<BTreeMap<OsString, OsString>>,
    files: Source<Vec<PathBuf>>,
}

/// What can be told apart by how it opens a browser.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum System {
    /// macOS.
    MacOs,
    /// Linux and other Unix.
    Other,
    /// Windows itself; the Windows Subsystem for Linux is a Linux.
    Windows,
}

#[derive(Clone, Debug)]
enum Source<T> {
    Given(T),
    Process,
}

impl Surroundings {
    /// Those of this process, looked at when asked.
    pub fn of_this_process() -> Self {
        Self {
            system: match () {
                () if cfg!(target_os = "macos") => System::MacOs,
                () if cfg!(windows) => System::Windows,
                () => System::Other,
            },
            variables: Source::Process,
            files: Source::Process,
        }
    }

    /// These variables and no others.
    #[must_use]
    pub fn with_variables<'a>(
        mut self,
        variables: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let owned = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        self.variables = Source::Given(owned.collect());
        self
    }

    /// These files and no others.
    #[must_use]
    pub fn with_files<'a>(mut self, files: impl IntoIterator<Item = &'a str>) -> Self {
        self.files = Source::Given(files.into_iter().map(PathBuf::from).collect());
        self
    }

    /// The value of a variable.
    pub(super) fn variable(&self, name: &str) -> Option<OsString> {
        match &self.variables {
            Source::Given(variables) => variables.get(OsStr::new(name)).cloned(),
            Source::Process => std::env::var_os(name),
        }
    }

    /// Whether a variable is set to something.
    pub(super) fn has(&self, name: &str) -> bool {
        self.variable(name).is_some_and(|value| !value.is_empty())
    }

    /// The program of this name in `PATH`. Folders that depend on where the process is are left out.
    pub(super) fn find(&self, name: &str) -> Option<PathBuf> {
        let path = self.variable("PATH")?;
        std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(name))
            .find(|program| self.exists(program))
    }

    /// Whether there is such a file.
    pub(super) fn exists(&self, path: &Path) -> bool {
        match &self.files {
            Source::Given(files) => files.iter().any(|file| file == path),
            Source::Process => path.exists(),
        }
    }
}
