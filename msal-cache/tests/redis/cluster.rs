//! A Redis that is a cluster of one: it refuses what would need two nodes.

use std::time::Duration;

use msal_cache::persist::Next;

use crate::contract::put;
use crate::server::Server;
use crate::stores::{both, held};

#[test]
fn no_step_touches_two_nodes_of_a_cluster() {
    let Some(server) = Server::start(&["--cluster-enabled", "yes"]) else {
        return;
    };
    server.does::<()>("CLUSTER ADDSLOTSRANGE 0 16383");
    while !server
        .does::<String>("CLUSTER INFO")
        .contains("cluster_state:ok")
    {}
    for store in both(&server.options()) {
        for name in ["user", "", "a}b", "}", "{x"] {
            let [other, _] = both(&server.options());
            store.update(name, &mut |_| put(b"value")).unwrap();
            let mut asked = 0;
            let late = store.update(name, &mut |_| {
                asked += 1;
                if asked == 1 {
                    other.update(name, &mut |_| put(b"quicker")).unwrap();
                }
                put(b"late")
            });
            late.unwrap();
            assert_eq!(asked, 2, "it took turns");
            let (_, version) = held(&*store, name);
            store.set_aside(name, &version).unwrap();
            assert!(
                store
                    .lease(name, &[1; 32], Duration::ZERO)
                    .unwrap()
                    .is_held()
            );
            store.update(name, &mut |_| Ok(Next::Remove)).unwrap();
        }
    }
}

#[test]
fn a_key_of_another_node_is_an_error_that_says_so() {
    let Some(server) = Server::start(&["--cluster-enabled", "yes"]) else {
        return;
    };
    for store in both(&server.options()) {
        let error = store.load("user", None).unwrap_err();
        assert!(error.to_string().contains("CLUSTERDOWN"), "{error}");
        assert!(error.to_string().contains("proxy"), "{error}");
    }
}
