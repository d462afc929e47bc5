//! Rules of reading Fountain.
