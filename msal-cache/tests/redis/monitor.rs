//! What a Redis is asked to do, as it tells itself.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use crate::server::{Server, words};

pub(crate) struct Monitor {
    lines: BufReader<TcpStream>,
}

impl Monitor {
    pub(crate) fn start(server: &Server) -> Self {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream.write_all(b"MONITOR\r\n").unwrap();
        let mut lines = BufReader::new(stream);
        let mut first = String::new();
        lines.read_line(&mut first).unwrap();
        assert_eq!(first, "+OK\r\n");
        Self { lines }
    }

    /// The commands so far, each with its arguments, but for what scripts do.
    pub(crate) fn commands(mut self, server: &Server) -> Vec<String> {
        let _: String = words("ECHO that-is-all")
            .query(&mut server.connection())
            .unwrap();
        let mut commands = Vec::new();
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).unwrap();
            if line.contains("that-is-all") {
                return commands;
            }
            let (who, command) = line.trim_end().split_once("] ").unwrap();
            if !who.contains("lua") && !command.starts_with("\"CLIENT\"") {
                commands.push(command.to_owned());
            }
        }
    }
}
