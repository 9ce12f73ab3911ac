//! Compiled plugins and the host functions they may call.
