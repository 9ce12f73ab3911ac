//! The appliance from outside: HTTP against the built program, files shaped like the URL tree.

mod support;

mod api_users;
mod command_line;
mod crash;
mod edge;
mod health;
mod installations;
mod marketplace;
mod matrix;
mod model_inventory;
mod pages;
mod plugin_routes;
