//! A local identity provider that behaves as Entra ID does, for tests of programs that sign in.
