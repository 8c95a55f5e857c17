//! A secret is printed by its `expose()` only, where one can search for it.

fn main() {
    let secret = msal::ClientSecret::new("hush");
    println!("{}", secret);
}
