//! A password is printed by its `expose()` only.

fn main() {
    let password = msal::Password::new("hush");
    println!("{}", password);
}
