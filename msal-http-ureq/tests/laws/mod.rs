//! What every transport must do, as laws that each transport's tests run against the local provider.
//!
//! A law takes the way to make a transport and uses nothing else of it, so that no adapter has rules of its own.

mod child;
pub(crate) mod faults;
pub(crate) mod limits;
pub(crate) mod proxies;
pub(crate) mod requests;
pub(crate) mod secrets;
mod setup;
pub(crate) mod trust;

pub(crate) use setup::{Sender, Setup};

/// Makes a test of every law.
macro_rules! tests_of {
    ($make:path: $($module:ident { $($law:ident),* $(,)? })*) => {
        $($(
            #[test]
            fn $law() {
                $crate::laws::$module::$law($make);
            }
        )*)*
    };
}

macro_rules! all_laws {
    ($make:path) => {
        $crate::laws::tests_of! {
            $make:
            requests {
                a_request_goes_out_once_and_as_it_is,
                a_get_has_no_body_and_no_length,
                an_empty_post_has_length_zero,
                redirects_are_answers_and_nobody_follows_them,
                error_statuses_are_answers,
                connections_are_used_again,
                a_closed_idle_connection_is_replaced_and_each_request_sent_once,
                a_connection_that_ends_after_the_request_is_an_interruption_and_nothing_is_sent_again,
                many_requests_at_once_are_each_sent_once,
                localhost_is_this_machine,
            }
            faults {
                nobody_listens,
                a_name_without_address,
                the_server_ends_or_garbles_the_answer,
                a_body_without_length_ends_with_the_connection,
                a_body_without_length_that_is_cut_off_is_an_interruption,
                compressed_bodies_stay_as_they_are,
            }
            limits {
                a_body_of_just_the_allowed_size_is_read,
                larger_bodies_are_refused_however_they_come,
                headers_without_end_are_an_error,
                the_time_covers_silence_and_drips,
                a_connection_that_comes_too_late_is_no_connection,
                no_time_and_endless_time,
            }
            trust {
                certificates_that_prove_nothing_are_refused,
                old_tls_is_refused,
                a_server_without_tls_is_refused,
                a_pin_accepts_its_leaf_and_no_other,
                a_pin_needs_tls,
                pinned_and_ordinary_connections_are_kept_apart,
                the_platforms_roots_are_trusted,
                without_any_roots_tls_says_why_and_the_rest_works,
                bad_root_certificates_are_refused,
                a_crypto_provider_of_ones_own_is_used_and_none_is_installed,
                a_tls_configuration_of_ones_own_is_used,
            }
            proxies {
                a_proxy_is_asked_for_a_tunnel,
                a_proxy_is_given_its_credentials,
                a_proxy_that_refuses_is_no_connection,
                terms_without_a_proxy_go_straight,
                nonsense_is_no_proxy,
                the_environment_names_proxies_and_exceptions,
                the_environment_does_not_count_when_there_shall_be_no_proxy,
            }
            secrets {
                no_error_and_no_debug_text_shows_a_secret,
                no_log_shows_a_secret,
            }
        }
    };
}

pub(crate) use {all_laws, tests_of};
