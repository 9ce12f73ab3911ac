//! What `souk demo` shows beside the appliance itself. Nothing here runs under `souk serve`.

pub mod accounts;
pub mod sample_mlflow;
