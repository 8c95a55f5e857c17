use http::Method;

use super::EntraError;
use crate::Request;

/// The parameters of an authorization request, in the query or in a form, each given once.
#[derive(Debug)]
pub(super) struct Parameters {
    pairs: Vec<(String, String)>,
}

impl Parameters {
    pub(super) fn read(request: &Request) -> Result<Self, EntraError> {
        let mut pairs = request.query_pairs();
        if request.method == Method::POST {
            pairs.extend(request.form());
        } else if request.method != Method::GET {
            let message = format!(
                "The endpoint only accepts GET, POST requests. Received a {} request.",
                request.method
            );
            return Err(EntraError::invalid_request(900_561, message));
        }
        for (index, (name, _)) in pairs.iter().enumerate() {
            if pairs.iter().take(index).any(|(earlier, _)| earlier == name) {
                let message = format!(
                    "The request is not properly formatted. The parameter '{name}' is duplicated."
                );
                return Err(EntraError::invalid_request(9_000_411, message));
            }
        }
        Ok(Self { pairs })
    }

    /// A parameter that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let (_, value) = self.pairs.iter().find(|(found, _)| found == name)?;
        Some(value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, EntraError> {
        self.get(name)
            .ok_or_else(|| EntraError::missing_parameter(name))
    }
}
